#include "cli/commands.h"

#include <fmt/format.h>

namespace batchite::cli {
namespace {

struct LaterCommand {
  const char* name;
  const char* summary;
  const char* instead;
};

// Known by name, so that the refusal says more than "unknown command".
constexpr LaterCommand kLater[] = {
    {"exec", "Run a program against an emulator", "start one with `batchite start` and `eval \"$(batchite env)\"`"},
};

}  // namespace

void declare_commands(Program& program) {
  declare_run(program);
  declare_cleanup(program);
  declare_templates(program);
  declare_resources(program);
  declare_tasks(program);
  declare_nodes(program);
  declare_apps(program);
  declare_autoscale(program);
  declare_blobs(program);
  declare_start(program);
  declare_doctor(program);
  for (const LaterCommand& row : kLater) {
    CLI::App* command = program.add(program.app(), row.name, fmt::format("{} (not in this version)", row.summary));
    program.take_anything(command);
    program.on_chosen(command, [&row]() -> int {
      throw UsageError(fmt::format("'{}' is not implemented in this version: {}", row.name, row.instead));
    });
  }
  declare_completion(program);
}

}  // namespace batchite::cli
