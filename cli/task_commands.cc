// What people do with tasks beyond the contract's operations: add one by its command, ask why, read logs, wait.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/template_files.h"
#include "core/base/ids.h"
#include "core/workflow/diagnosis.h"
#include "core/workflow/monitor.h"
#include "core/workflow/why.h"

namespace batchite::cli {
namespace {

using workflow::Client;

struct TaskFlags {
  std::string job, task, command, timeout;
  std::vector<std::string> variables;
  bool from_stderr = false, follow = false;
};

int add_task(Program& program, const TaskFlags& flags) {
  Document body = {{"id", flags.task}, {"commandLine", flags.command}};
  for (const std::string& text : flags.variables) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw UsageError(fmt::format("--env {}: write it as NAME=VALUE", text));
    body["environmentSettings"].push_back({{"name", text.substr(0, equals)}, {"value", text.substr(equals + 1)}});
  }
  Client(program.backend()).call("Task_Add", {{"jobId", flags.job}}, {}, body);
  return kOk;
}

int explain(Program& program, const TaskFlags& flags) {
  static constexpr Column columns[] = {{"REASON", "reason"}};
  Client client(program.backend());
  const std::vector<std::string> reasons = workflow::explain_task(client, flags.job, flags.task);
  if (program.globals().format == Format::Table) {
    for (const std::string& reason : reasons) program.around().out << reason << '\n';
    return kOk;
  }
  std::vector<Document> rows;
  rows.reserve(reasons.size());
  for (const std::string& reason : reasons) rows.push_back({{"reason", reason}});
  program.printer().list(rows, columns);
  return kOk;
}

// What has been added to the file since `offset`; moves it on.
void print_news(Client& client, const TaskFlags& flags, std::uint64_t& offset, std::ostream& out) {
  const contract::Operation* operation = contract::find_operation("File_GetFromTask");
  Call call{
      .operation = *operation,
      .path = {
          {"jobId", flags.job}, {"taskId", flags.task}, {"filePath", flags.from_stderr ? "stderr.txt" : "stdout.txt"}}};
  // Without an end the range would be refused by old versions of the service.
  if (offset > 0) call.headers.add("ocp-range", fmt::format("bytes={}-{}", offset, offset + (1ULL << 40)));
  try {
    const Reply reply = client.backend().call(call);
    char buffer[65536];
    while (const std::size_t count = reply.bytes ? reply.bytes->read(buffer) : 0) {
      out.write(buffer, static_cast<std::streamsize>(count));
      offset += count;
    }
    out.flush();
  } catch (const Error& error) {
    const bool nothing_new = error.status() == 416 || (error.status() == 400 && offset > 0);
    const bool not_yet = flags.follow && (error.status() == 404 || error.status() == 409);
    if (!nothing_new && !not_yet) throw;
  }
}

int interrupted() { return kSignal + InterruptiblePace::signal(); }

// Something that goes on until a signal ends it, also while a service makes it wait.
int watch(Program& program, const TaskFlags& flags, int (*function)(Program&, const TaskFlags&, InterruptiblePace&)) {
  InterruptiblePace pace;
  try {
    return function(program, flags, pace);
  } catch (const Error&) {
    if (!pace.cancelled()) throw;
    return interrupted();
  }
}

int show_logs(Program& program, const TaskFlags& flags, InterruptiblePace& pace) {
  Client client(program.backend());
  std::uint64_t offset = 0;
  const Time began = pace.now();
  while (true) {
    // Asked first, so that what is written before the end is not missed.
    const Document task = client.call("Task_Get", {{"jobId", flags.job}, {"taskId", flags.task}}).body;
    const bool is_over = fold(Reader(task).text("state")) == "completed";
    print_news(client, flags, offset, program.around().out);
    if (!flags.follow || is_over) return kOk;
    if (pace.cancelled()) return interrupted();
    pace.pause(workflow::pause_after(pace.now() - began, program.backend().manners()));
  }
}

int wait_for_job(Program& program, const TaskFlags& flags, InterruptiblePace& pace) {
  Client client(program.backend());
  const Document job = client.call("Job_Get", {{"jobId", flags.job}}).body;
  workflow::Watched watched{.job = flags.job, .pool = Reader(job).object("executionInfo").text("poolId")};
  watched.began = pace.now();
  if (!flags.timeout.empty()) watched.deadline = after(watched.began, parse_timeout(flags.timeout, "--timeout"));
  watched.has_dependencies = Reader(job).get("usesTaskDependencies", false);
  watched.has_preparation = Reader(job).has("jobPreparationTask");
  const bool is_live = program.around().err_is_terminal;
  const auto observer =
      make_progress(program.around().err,
                    {.is_quiet = program.globals().quiet, .is_live = is_live, .has_color = program.color_on(is_live)});
  workflow::Watch watch = workflow::Monitor(client, pace, *observer, watched).run();
  if (!watch.cause.empty()) program.around().err << "batchite: error: " << watch.cause << std::endl;
  const Document body = client.call("Job_GetTaskCounts", {{"jobId", flags.job}}).body;
  program.printer().one(Reader(body).has("taskCounts") ? body["taskCounts"] : body);
  switch (watch.ending) {
    case workflow::Ending::Completed: {
      const Reader counts = Reader(body).has("taskCounts") ? Reader(body["taskCounts"]) : Reader(body);
      return counts.get("failed", 0) > 0 ? kFailed : kOk;
    }
    case workflow::Ending::TimedOut:
      return kTimedOut;
    case workflow::Ending::Cancelled:
      return interrupted();
    case workflow::Ending::NoCapacity:
      return kCapacity;
    default:
      return kFailed;
  }
}

std::shared_ptr<TaskFlags> declare_task(CLI::App& command) {
  auto flags = std::make_shared<TaskFlags>();
  command.add_option("job", flags->job)->required()->type_name("");
  command.add_option("task", flags->task)->required()->type_name("");
  return flags;
}

}  // namespace

void declare_tasks(Program& program) {
  CLI::App* task = program.app().get_subcommand("task");
  CLI::App* add = program.add(*task, "add", "Add a task by its command line");
  auto flags = declare_task(*add);
  add->add_option("--command", flags->command, "The command line")->required()->type_name("TEXT");
  add->add_option("--env", flags->variables, "A variable of the task")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  program.on_chosen(add, [&program, flags] { return add_task(program, *flags); });

  CLI::App* why = program.add(*task, "why", "Why a task waits, or how it ended");
  flags = declare_task(*why);
  program.on_chosen(why, [&program, flags] { return explain(program, *flags); });

  CLI::App* logs = program.add(program.app(), "logs", "A task's standard output");
  flags = declare_task(*logs);
  logs->add_flag("--stderr", flags->from_stderr, "Its standard error instead");
  logs->add_flag("--follow", flags->follow, "Go on until the task has ended");
  program.on_chosen(logs, [&program, flags] { return watch(program, *flags, show_logs); });

  CLI::App* wait = program.add(program.app(), "wait", "Wait until something is over");
  wait->require_subcommand(0, 1);
  CLI::App* wait_job = program.add(*wait, "job", "Wait until a job's tasks have ended");
  flags = std::make_shared<TaskFlags>();
  wait_job->add_option("job", flags->job)->required()->type_name("");
  wait_job->add_option("--timeout", flags->timeout, "Give up after this time: 90s, 15m, 2h")->type_name("TIME");
  program.on_chosen(wait_job, [&program, flags] { return watch(program, *flags, wait_for_job); });
}

}  // namespace batchite::cli
