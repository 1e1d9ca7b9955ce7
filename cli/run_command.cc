// `batchite run`: a workflow from its templates to its outputs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "backends/system/real.h"
#include "cli/commands.h"
#include "cli/disk_files.h"
#include "cli/interrupt.h"
#include "cli/node_commands.h"
#include "cli/own_emulator.h"
#include "cli/progress.h"
#include "cli/template_files.h"
#include "core/workflow/pretended_storage.h"
#include "core/workflow/run.h"

namespace batchite::cli {
namespace {

using workflow::Outcome;
using workflow::RunResult;
using workflow::TaskRow;

struct RunFlags {
  TemplateFlags templates;
  std::vector<std::string> inputs;
  std::string output = "output";
  std::string timeout;
  bool keep = false;
  bool reuse = false;
  bool dry_run = false;
  PreemptionFlags preemptions;
};

constexpr Column kTaskColumns[] = {{"TASK", "task"},           {"STATE", "state"},
                                   {"EXIT", "exitCode", true}, {"SECONDS", "seconds", true},
                                   {"NODE", "node"},           {"CAUSE", "failureCode"}};
constexpr std::size_t kMostTold = 10;  // failed tasks told in full

// Six characters, enough that runs on one account do not meet.
std::string new_run_id() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";
  std::array<unsigned char, 6> random{};
  random_bytes(random);
  std::string id;
  for (const unsigned char one : random) id += kLetters[one % kLetters.size()];
  return id;
}

workflow::Work to_work(workflow::Plan plan, workflow::Observer* observer) {
  if (observer != nullptr) {
    for (const workflow::Warning& warning : plan.warnings) observer->on(workflow::Notice{workflow::to_text(warning)});
  }
  if (!plan.job) throw UsageError("no job template: a run needs one (`batchite pool create` makes a pool alone)");
  workflow::Work work;
  if (plan.pool) work.pool = std::move(*plan.pool);
  work.job = std::move(*plan.job);
  work.tasks = std::move(plan.tasks);
  if (plan.patch_after_tasks) work.patch_after_tasks = std::move(*plan.patch_after_tasks);
  work.pool_id_is_chosen = plan.pool_id_is_chosen;
  work.job_id_is_chosen = plan.job_id_is_chosen;
  return work;
}

Document to_document(const TaskRow& row) {
  Document document = {{"task", row.id}, {"state", row.failed ? "failed" : row.state}};
  if (!row.display_name.empty()) document["displayName"] = row.display_name;
  if (row.exit_code) document["exitCode"] = *row.exit_code;
  if (row.took)
    document["seconds"] = Document::parse(fmt::format("{:.2f}", std::chrono::duration<double>(*row.took).count()));
  document["node"] = row.node;
  if (row.failed) {
    document["failureCode"] = row.failure_code;
    document["failure"] = row.failure;
    document["stderr"] = row.stderr_tail;
  }
  return document;
}

// "tvmps_9ae7cd8b…_p": enough of a node's 64 digits to tell nodes apart in a table.
std::string short_node(const std::string& id) {
  constexpr std::size_t kFront = 14, kBack = 2;
  if (id.size() <= 40) return id;
  return id.substr(0, kFront) + "…" + id.substr(id.size() - kBack);
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Succeeded:
      return "succeeded";
    case Outcome::TasksFailed:
      return "tasksFailed";
    case Outcome::NoNode:
      return "noNode";
    case Outcome::NoCapacity:
      return "noCapacity";
    case Outcome::TimedOut:
      return "timedOut";
    case Outcome::Cancelled:
      return "cancelled";
  }
  return "";
}

int exit_code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Succeeded:
      return kOk;
    case Outcome::TasksFailed:
    case Outcome::NoNode:
      return kFailed;
    case Outcome::NoCapacity:
      return kCapacity;
    case Outcome::TimedOut:
      return kTimedOut;
    case Outcome::Cancelled:
      return kSignal + InterruptiblePace::signal();
  }
  return kInternal;
}

std::string indented(const std::string& text) {
  std::string lines = "\n    ";
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += "    ";
  }
  return lines;
}

class RunCommand {
 public:
  RunCommand(Program& program, const RunFlags& flags) : program_(program), flags_(flags), files_(flags.output) {}

  int run() {
    settings_.id = new_run_id();
    settings_.keep = flags_.keep;
    settings_.reuse = flags_.reuse;
    if (!flags_.timeout.empty()) settings_.timeout = parse_timeout(flags_.timeout, "--timeout");
    request_ = read_request(flags_.templates, program_);
    complete(request_, settings_.id, program_);
    if (request_.job) settings_.inputs = read_inputs(flags_.inputs, workflow::file_groups(request_));
    return flags_.dry_run ? show_requests() : carry_out();
  }

 private:
  // What would be sent, with addresses and listings that only seem to be there.
  int show_requests() {
    std::map<std::string, std::vector<workflow::BlobItem>> blobs;
    for (const workflow::Input& input : settings_.inputs) {
      for (const workflow::LocalFile& file : files_.find(input.pattern)) {
        blobs[input.container].push_back({file.name, static_cast<std::int64_t>(file.size_bytes)});
      }
    }
    workflow::PretendedStorage storage("account.blob.core.windows.net", blobs);
    const auto warnings = make_progress(program_.around().err, {.is_quiet = true});
    workflow::Work work = to_work(workflow::expand(request_, storage), warnings.get());
    workflow::name_resources(work, settings_);
    Document requests = Document::array();
    for (Document& one : workflow::requests_of(work)) requests.push_back(std::move(one));
    program_.printer().json(requests);
    return kOk;
  }

  int carry_out() {
    InterruptiblePace pace;
    const EmulatorOptions served = own_emulator(program_);
    std::optional<Emulator> emulator;  // ends before the backend does, also by an exception
    if (needs_emulator()) emulator.emplace(served);
    Serving serving = emulator ? serving_of(*emulator, served) : Serving();
    serving.preemptions = preemptions_of(flags_.preemptions);
    Backend& backend = program_.backend(serving);
    if (emulator) emulator->serve(backend);
    const std::string& where = program_.globals().backend;
    settings_.checks_machines = where == "azure";
    settings_.is_alone = program_.is_embedded();  // nobody else is let into its data directory
    if (!program_.is_embedded()) {
      pace.say_when_ended(
          fmt::format("batchite: error: ended at once; `batchite cleanup --backend {} --run {} --delete` deletes what "
                      "the run made\n",
                      where, settings_.id));
    }
    const bool is_live = program_.around().err_is_terminal;
    const auto observer = make_progress(program_.around().err, {.is_quiet = program_.globals().quiet,
                                                                .is_live = is_live,
                                                                .has_color = program_.color_on(is_live),
                                                                .timeout = flags_.timeout,
                                                                .backend = program_.is_embedded() ? "" : where});
    request_.find_pool = [&](const std::string& id) {
      return workflow::Client(backend).find("Pool_Get", {{"poolId", id}});
    };
    const workflow::Planner plan = [&](workflow::Storage& storage) {
      return to_work(workflow::expand(request_, storage), observer.get());
    };
    const RunResult result = workflow::run(backend, settings_, plan, {files_, pace, *observer});
    tell(result);
    emulator.reset();
    program_.close_backend();
    return exit_code_of(result.outcome);
  }

  // Only tasks that ask for a token can call the Batch service. Where the word stands does not matter: an emulator too
  // many does no harm.
  bool needs_emulator() const {
    return program_.is_embedded() && request_.job &&
           request_.job->document.dump().find("authenticationTokenSettings") != std::string::npos;
  }

  void tell(const RunResult& result) {
    std::ostream& err = program_.around().err;
    tell_failed(result);
    if (!result.cause.empty()) err << "batchite: error: " << result.cause << '\n';
    if (result.outcome == Outcome::Cancelled) {
      err << "batchite: error: cancelled; "
          << (result.kept.empty() ? "what the run made was taken away\n" : "what the run made stays, as listed\n");
    }
    if (result.outcome == Outcome::Succeeded) program_.note("Success! All tasks completed.");
    program_.note(fmt::format("Elapsed time: {}", clock_text(result.took)));
    err.flush();
    show(result);
  }

  void tell_failed(const RunResult& result) {
    std::ostream& err = program_.around().err;
    std::size_t told = 0, failed = 0;
    for (const TaskRow& row : result.tasks) {
      if (!row.failed || ++failed > kMostTold) continue;
      ++told;
      err << fmt::format("batchite: error: task {}{} failed with {}{}{}\n", row.id,
                         row.display_name.empty() ? "" : " (" + row.display_name + ")",
                         row.exit_code ? fmt::format("exit code {}", *row.exit_code) : "no exit code",
                         row.failure.empty() ? "" : " (" + row.failure + ")",
                         row.stderr_tail.empty() ? "" : "; its stderr ends:" + indented(row.stderr_tail));
    }
    if (failed > told) err << fmt::format("batchite: error: and {} more tasks failed\n", failed - told);
  }

  void show(const RunResult& result) {
    const Printer printer = program_.printer();
    std::vector<Document> rows;
    for (const TaskRow& row : result.tasks) rows.push_back(to_document(row));
    if (printer.format() == Format::Json) return show_json(result, rows);
    if (printer.format() == Format::Table) {
      for (Document& row : rows) row["node"] = short_node(row["node"]);
    }
    if (!rows.empty()) program_.printer().list(rows, kTaskColumns);
    if (printer.format() != Format::Table) return;
    std::ostream& out = program_.around().out;
    if (!result.outputs.empty()) {
      out << fmt::format("{} output file{} in {}\n", result.outputs.size(), result.outputs.size() == 1 ? "" : "s",
                         flags_.output);
    }
    for (const std::string& kept : result.kept) out << "kept " << kept << '\n';
  }

  void show_json(const RunResult& result, const std::vector<Document>& rows) {
    Document document = {{"outcome", name_of(result.outcome)},
                         {"cause", result.cause},
                         {"pool", result.pool},
                         {"job", result.job},
                         {"elapsedSeconds", std::chrono::duration<double>(result.took).count()},
                         {"tasks", rows},
                         {"outputs", Document::array()},
                         {"kept", result.kept}};
    for (const workflow::FileDownloaded& file : result.outputs) document["outputs"].push_back(file.path);
    program_.printer().json(document);
  }

  Program& program_;
  const RunFlags& flags_;
  DiskFiles files_;
  workflow::RunSettings settings_;
  workflow::Request request_;
};

}  // namespace

void declare_run(Program& program) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = program.add(program.app(), "run", "Run a workflow: upload, create, wait, download, clean up");
  declare(*command, flags->templates);
  command->add_option("-i,--input", flags->inputs, "Files for a file group; without NAME for the only one read")
      ->type_name("[NAME=]GLOB")
      ->expected(1)
      ->take_all();
  command->add_option("--output", flags->output, "Folder for the output files")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout, "Give up after this time: 90s, 15m, 2h, PT15M")->type_name("TIME");
  command->add_flag("--keep", flags->keep, "Leave containers, pool and job as they are");
  command->add_flag("--reuse", flags->reuse, "Take a pool that exists even if it differs from the template");
  command->add_flag("--dry-run", flags->dry_run, "Only print the requests, as JSON");
  declare_preemptions(*command, flags->preemptions);
  program.on_chosen(command, [&program, flags] { return RunCommand(program, *flags).run(); });
}

}  // namespace batchite::cli
