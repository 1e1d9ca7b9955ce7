// The part of ProcessHost that multi-instance tasks need: coordination commands, and what the instances of one task are
// to each other.
#include "backends/local/instances.h"
#include "backends/local/process_host.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

// Rules of runs, beside those of nodes, whose numbers are small.
std::uint32_t rules_of(std::uint64_t run) { return 0x80000000U | static_cast<std::uint32_t>(run & 0x7fffffffU); }

// The coordination command as a task of its own: it has the common files, and what is said of how the task is to run.
Document coordination_of(const Document& task) {
  const Reader settings = Reader(task).object("multiInstanceSettings");
  Document coordination = {{"commandLine", settings.text("coordinationCommandLine")},
                           {"resourceFiles", settings.array("commonResourceFiles")}};
  for (const char* name : {"environmentSettings", "constraints", "userIdentity"}) {
    if (task.contains(name)) coordination[name] = task[name];
  }
  return coordination;
}

}  // namespace

void ProcessHost::perform(RunCoordinationOrder& order) {
  std::unique_ptr<Run> run = run_of_task(order);
  run->of = Run::Of::Coordination;
  run->instance = order.what.instance;
  run->spec = coordination_of(run->spec);
  run->request.lingers = true;
  begin_in_job(std::move(run), *order.job, order.task_id, order.token);
}

// On the primary's node, in what the service says is not to be counted on.
fs::path ProcessHost::hosts_of(const Run& run) const {
  const auto primary = nodes_.find(run.instances->members.front().node);
  const fs::path root = primary == nodes_.end() ? fs::path() : primary->second.facts.root;
  return root / "volatile" / "hosts" / (std::to_string(number(run.task)) + "." + std::to_string(run.attempt));
}

TaskFacts ProcessHost::facts_of_instance(const Run& run) const {
  const InstanceFacts facts{
      .nodes = *run.instances, .instance = run.instance, .shared = run.task_directory, .hosts = hosts_of(run)};
  return {.directory = run.task_directory / std::to_string(run.instance),
          .programs = options_.among_nodes,
          .more = instance_variables(facts)};
}

// Begins with its coordination. The task's own command on the first node goes on with what was written there.
void ProcessHost::join_instances(Run& run) {
  if (run.of == Run::Of::Task) {
    run.request.append = true;
    return;
  }
  const std::string& address = run.instances->members.at(static_cast<std::size_t>(run.instance)).address;
  enter_host(hosts_of(run), address, run.request.environment);
}

// A process that one instance starts "on" the node of another is its own child, and is to find both nodes' directories
// as it would there.
void ProcessHost::open_to_all_instances(Run& run) {
  std::vector<std::string> roots;
  for (const InstanceNodes::Member& member : run.instances->members) {
    const auto node = nodes_.find(member.node);
    if (node != nodes_.end()) roots.push_back(node->second.facts.root.string());
  }
  run.request.node = rules_of(run.request.id);
  launcher_->prepare_node(run.request.node, std::move(roots));
}

void ProcessHost::leave_instances(RunId id, const Run& run) {
  if (options_.isolation == Isolation::Landlock) launcher_->forget_node(rules_of(id));
  if (run.of != Run::Of::Coordination || run.instance != 0) return;
  std::error_code ignored;
  fs::remove_all(hosts_of(run), ignored);
}

}  // namespace batchite
