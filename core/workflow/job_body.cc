#include "core/workflow/job_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/workflow/packages.h"
#include "core/workflow/staging.h"
#include "core/workflow/task_factory.h"

namespace batchite::workflow {
namespace {

Document* member(Document& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

Document* autopool(Document& job) {
  Document* info = member(job, "poolInfo");
  Document* automatic = info ? member(*info, "autoPoolSpecification") : nullptr;
  return automatic ? member(*automatic, "pool") : nullptr;
}

class JobMaker {
 public:
  JobMaker(const Body& body, const JobSeams& seams) : seams_(seams), path_(body.path), job_(body.document) {}

  JobParts make() {
    make_tasks();
    set_up_pool();
    set_up_packages();
    add_shells();
    resolve_files();
    JobParts parts{.job = std::move(job_), .patch_after_tasks = std::move(patch_)};
    for (FactoryTask& made : made_.tasks) parts.tasks.push_back(std::move(made.task));
    return parts;
  }

 private:
  std::string at(const char* name) const { return member_path(path_, name); }

  void make_tasks() {
    const Document* factory = Reader(job_).find("taskFactory");
    if (!factory) return;
    made_ = expand_factory(*factory, at("taskFactory"), seams_.sources, seams_.report);
    job_.erase("taskFactory");
    if (made_.has_merge_task) job_["usesTaskDependencies"] = true;
    check_dependencies();
    // A job without tasks would be complete at once.
    const std::string action = Reader(job_).text("onAllTasksComplete");
    if (action.empty() || action == "noaction") return;
    patch_ = Document{{"onAllTasksComplete", action}};
    job_["onAllTasksComplete"] = "noaction";
  }

  void check_dependencies() {
    if (Reader(job_).get("usesTaskDependencies", false)) return;
    for (const FactoryTask& made : made_.tasks) {
      if (!made.task.contains("dependsOn")) continue;
      seams_.report.warn(
          member_path(made.path, "dependsOn"),
          "the job does not set usesTaskDependencies, so the service will refuse this task; set it to true");
      return;
    }
  }

  void set_up_pool() {
    Document* pool = autopool(job_);
    if (!pool) return;
    const std::string path = at("poolInfo") + ".autoPoolSpecification.pool";
    install_on_pool(*pool, path, seams_.report);
    prefix_command(member(*pool, "startTask"), member_path(path, "startTask"), seams_.system, seams_.report);
  }

  void set_up_packages() {
    Document packages = Document::array();
    for (FactoryTask& made : made_.tasks) collect_packages(made.task, made.path, packages, seams_.report);
    if (!packages.empty()) {
      const std::string path = at("taskFactory") + ".packageReferences";
      const OperatingSystem system = seams_.system();
      const std::string install = install_command(packages, path, system, seams_.report);
      job_["jobPreparationTask"] = with_setup(Reader(job_).find("jobPreparationTask"), install, system);
      return;
    }
    // Beside tasks, a preparation command gets a plain shell without the options that other tasks get.
    Document* preparation = member(job_, "jobPreparationTask");
    if (!preparation || made_.tasks.empty()) return;
    const std::string command = Reader(*preparation).text("commandLine");
    if (command.empty() || is_prefixed(command)) return;
    (*preparation)["commandLine"] = seams_.system() == OperatingSystem::Linux
                                        ? "/bin/bash -c " + shell_quote(command)
                                        : fmt::format("cmd.exe /c \"{}\"", command);
  }

  void add_shells() {
    for (const char* name : {"jobPreparationTask", "jobReleaseTask", "jobManagerTask"}) {
      prefix_command(member(job_, name), at(name), seams_.system, seams_.report);
    }
    for (FactoryTask& made : made_.tasks) prefix_command(&made.task, made.path, seams_.system, seams_.report);
  }

  void resolve_files() {
    resolve_resource_files(job_, path_, seams_.sources, seams_.report);
    resolve_output_files(member(job_, "jobManagerTask"), at("jobManagerTask"), seams_.sources, seams_.report);
    for (FactoryTask& made : made_.tasks) {
      resolve_resource_files(made.task, made.path, seams_.sources, seams_.report);
      resolve_output_files(&made.task, made.path, seams_.sources, seams_.report);
    }
  }

  const JobSeams& seams_;
  const std::string& path_;
  Document job_;
  FactoryTasks made_;
  std::optional<Document> patch_;
};

}  // namespace

JobParts make_job(const Body& body, const JobSeams& seams) { return JobMaker(body, seams).make(); }

}  // namespace batchite::workflow
