// Spot nodes that Azure takes back: with a notice or without, asked for or by a plan. What ran there is recovered, its
// retries unspent; the node keeps its id and comes back with an empty disk.
// Source: learn.microsoft.com/azure/batch/batch-spot-vms; .../virtual-machines/linux/scheduled-events (the notice).
#include <cmath>

#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

// Clients that look every now and then are to see a node preempted.
constexpr Ticks kLeastAway = std::chrono::seconds(1);

bool may_be_preempted(const Node& node) {
  if (node.status.dedicated || node.status.preempt_at != kNever) return false;
  const NodeState state = node.status.state;
  return has_booted(state) || state == NodeState::Rebooting || state == NodeState::Reimaging ||
         state == NodeState::Starting;
}

void preempt(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  lose(state, key, node, {key, NodeState::Preempted, std::nullopt}, now, out);
}

void announce(State& state, const NodePreemptAsked& e, Node& node, Time now, Effects& out) {
  node.status.away = std::max(e.away, kLeastAway);
  touch(out.touched.nodes, e.node);
  if (e.notice <= Ticks::zero()) return preempt(state, e.node, node, now, out);
  node.status.preempt_at = after(now, e.notice);
  arm(state, Timer::Kind::Preemption, number(e.node), node.status.preempt_at);
}

// Preemptions come as a Poisson process: the times between them are exponential.
void arm_plan(State& state, Time now) {
  const double mean = std::chrono::duration<double>(state.settings.preemptions.every).count();
  const std::chrono::duration<double> pause(-mean * std::log1p(-state.random->fraction()));
  arm(state, Timer::Kind::PreemptionPlan, 0, after(now, std::chrono::duration_cast<Ticks>(pause)));
}

}  // namespace

void preemption_due(State& state, NodeKey key, Time now, Effects& out) {
  Node* node = find(state.nodes, key);
  if (!node || node->status.preempt_at == kNever || node->status.preempt_at > now) return;
  preempt(state, key, *node, now, out);
}

void keep_preemption_plan(State& state, Time now) {
  const PreemptionPlan& plan = state.settings.preemptions;
  if (state.random || plan.every <= Ticks::zero()) return;
  state.random.emplace(plan.seed);
  arm_plan(state, now);
}

void preemption_plan_due(State& state, Time now, Effects& out) {
  std::vector<NodeKey> candidates;
  for (const auto& [key, node] : state.nodes) {
    if (may_be_preempted(node)) candidates.push_back(key);
  }
  std::ranges::sort(candidates);
  const std::uint64_t draw = state.random->next();  // also when nobody is there: the plan stays the same
  if (!candidates.empty()) {
    const NodeKey key = candidates[draw % candidates.size()];
    const PreemptionPlan& plan = state.settings.preemptions;
    announce(state, {key, plan.notice, plan.away}, state.nodes.at(key), now, out);
  }
  arm_plan(state, now);
}

// Once more: at once, if that is asked for (a program has done what it had to do).
void on(State& state, const NodePreemptAsked& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node) return;
  const bool announced = node->status.preempt_at != kNever && e.notice <= Ticks::zero();
  if (announced || may_be_preempted(*node)) announce(state, e, *node, now, out);
}

}  // namespace batchite::scheduler
