// `cleanup`: what runs left behind, where a run is not alone and so does not clear up after others.
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "core/workflow/cleanup.h"

namespace batchite::cli {
namespace {

constexpr Column kColumns[] = {{"KIND", "kind"}, {"ID", "id"}, {"RUN", "run"}};

struct CleanupFlags {
  std::string run;
  bool deletes = false;
};

const char* kind_of(workflow::Stage stage) {
  if (stage == workflow::Stage::DeleteContainer) return "container";
  return stage == workflow::Stage::DeleteJob ? "job" : "pool";
}

int clean_up(Program& program, const CleanupFlags& flags) {
  InterruptiblePace pace;
  const auto observer = make_progress(program.around().err, {.is_quiet = program.globals().quiet});
  workflow::Client client(program.backend());
  workflow::Cleanup cleanup(client, pace, *observer);
  std::vector<workflow::Leftover> found = cleanup.leftovers();
  std::erase_if(found, [&](const workflow::Leftover& one) { return !flags.run.empty() && one.run != flags.run; });
  if (flags.deletes) {
    cleanup.remove(found);
    return cleanup.left().empty() ? kOk : kRefused;
  }
  std::vector<Document> rows;
  for (const workflow::Leftover& one : found) {
    rows.push_back({{"kind", kind_of(one.made.kind)}, {"id", one.made.id}, {"run", one.run}});
  }
  program.printer().list(rows, kColumns);
  if (!found.empty()) program.note("Runs that are still going are among them; remove what is left with --delete");
  return kOk;
}

}  // namespace

void declare_cleanup(Program& program) {
  auto flags = std::make_shared<CleanupFlags>();
  CLI::App* command = program.add(program.app(), "cleanup", "What earlier runs left: list it, or take it away");
  command->add_flag("--delete", flags->deletes, "Delete it: pools, jobs and containers with all they hold");
  command->add_option("--run", flags->run, "Only of this run")->type_name("ID");
  program.on_chosen(command, [&program, flags] { return clean_up(program, *flags); });
}

}  // namespace batchite::cli
