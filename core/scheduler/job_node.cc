#include "core/scheduler/job_node.h"

#include "core/scheduler/failures.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

using JobTaskState = JobTaskStatus::State;

struct Place {
  JobKey job;
  NodeKey node;
};

JobTaskStatus& of(JobNodeStatus& status, JobTask which) {
  return which == JobTask::Preparation ? status.preparation : status.release;
}

void touch_it(Place at, Effects& out) { touch(out.touched.job_nodes, std::pair(at.job, at.node)); }

void run(Place at, JobTask which, JobTaskStatus& status, Time now, Effects& out) {
  status.state = JobTaskState::Running;
  ++status.attempt;
  status.started = now;
  out.actions.push_back(RunJobTask{at.job, at.node, which, status.attempt});
  touch_it(at, out);
}

// From nothing, whatever there was of earlier runs.
void run_anew(Place at, JobTask which, JobTaskStatus& status, Time now, Effects& out) {
  const std::int32_t attempt = status.attempt;
  status = JobTaskStatus{};
  status.attempt = attempt;
  run(at, which, status, now, out);
}

void kill(Place at, JobTask which, const JobTaskStatus& status, Effects& out) {
  if (status.state == JobTaskState::Running) out.actions.push_back(KillJobTask{at.job, at.node, which, status.attempt});
}

// It did not come to its own end. What never began leaves no trace.
void break_off(Place at, JobTaskStatus& status, Time now, Effects& out) {
  const bool began = status.started != kNever;
  status.state = began ? JobTaskState::Completed : JobTaskState::None;
  if (began) {
    status.ended = now;
    status.failure = task_ended_failure();
  }
  touch_it(at, out);
}

bool is_outstanding(const JobTaskStatus& release) {
  return release.state == JobTaskState::Due || release.state == JobTaskState::Running;
}

bool is_owed(const JobNodeStatus& status) { return status.owes_release && status.release.state == JobTaskState::None; }

void note_ended_release(State& state, JobKey key) { touch(state.released, key); }

void lose_preparation(Place at, const Job& job, JobNodeStatus& status, Down how, Time now, Effects& out) {
  JobTaskStatus& preparation = status.preparation;
  if (preparation.state == JobTaskState::Running) {
    if (how != Down::Vanished) kill(at, JobTask::Preparation, preparation, out);
    break_off(at, preparation, now, out);
  }
  const bool again = how == Down::Renewed || job.spec.preparation.value_or(PreparationSpec{}).rerun_after_reboot;
  if (how == Down::Broke || !again) return;
  if (status.is_prepared) touch_it(at, out);
  status.is_prepared = false;
  if (how != Down::Renewed) return;
  if (status.is_barred || status.owes_release) touch_it(at, out);
  status.is_barred = status.owes_release = false;
}

void lose_release(State& state, Place at, JobNodeStatus& status, Down how, Time now, Effects& out) {
  JobTaskStatus& release = status.release;
  if (!is_outstanding(release)) return;
  if (how != Down::Vanished) kill(at, JobTask::Release, release, out);
  if (how == Down::Broke || how == Down::Renewed) {
    break_off(at, release, now, out);
    note_ended_release(state, at.job);
  } else {
    release.state = JobTaskState::Due;
    touch_it(at, out);
  }
}

bool has_failed(const Outcome& outcome) { return outcome.failure || outcome.exit_code.value_or(0) != 0; }

bool may_retry(const PreparationSpec& spec, const JobTaskStatus& status, const Outcome& outcome) {
  return outcome.may_retry && outcome.exit_code.value_or(0) != 0 &&
         (spec.max_retries < 0 || status.retries < spec.max_retries);
}

void note_end(Place at, JobTaskStatus& status, const Outcome& outcome, Time now, Effects& out) {
  status.state = JobTaskState::Completed;
  status.started = std::clamp(outcome.started, status.started, now);
  status.ended = now;
  status.exit_code = outcome.exit_code;
  status.failure = outcome.failure;
  if (!status.failure && has_failed(outcome)) status.failure = exit_code_failure();
  touch_it(at, out);
}

std::vector<TaskKey> preparing_tasks(const State& state, Place at) {
  std::vector<TaskKey> tasks;
  const TaskList& list = state.nodes.at(at.node).running;
  for (TaskKey key = list.first; key != TaskKey{}; key = state.tasks.at(key).link.next) {
    const Task& task = state.tasks.at(key);
    if (task.spec.job == at.job && task.status.state == TaskState::Preparing) tasks.push_back(key);
  }
  if (const TaskKey subtask = state.nodes.at(at.node).subtask; subtask != TaskKey{}) {
    const Task& task = state.tasks.at(subtask);
    if (task.spec.job == at.job && task.status.state == TaskState::Preparing) tasks.push_back(subtask);
  }
  return tasks;
}

void preparation_ended(State& state, Place at, Job& job, const Outcome& outcome, Time now, Effects& out) {
  JobNodeStatus& status = job.nodes.at(at.node);
  const PreparationSpec spec = job.spec.preparation.value_or(PreparationSpec{});
  if (may_retry(spec, status.preparation, outcome)) {
    ++status.preparation.retries;
    status.preparation.last_retry = now;
    return run(at, JobTask::Preparation, status.preparation, now, out);
  }
  note_end(at, status.preparation, outcome, now, out);
  std::vector<TaskKey> waiting = preparing_tasks(state, at);
  if (has_failed(outcome) && spec.wait_for_success) {
    status.is_barred = true;
    // The newest first, so that the oldest is the first of its queue afterwards.
    std::ranges::reverse(waiting);
    for (const TaskKey task : waiting) evict(state, task, Evict::Recover, now, out);
  } else {
    status.is_prepared = status.owes_release = true;
    for (const TaskKey task : waiting) begin_prepared(state, task, now, out);
  }
}

}  // namespace

bool prepare(State& state, JobKey key, Job& job, NodeKey on, Time now, Effects& out) {
  if (!job.spec.preparation) return false;
  JobNodeStatus& status = job.nodes[on];
  state.nodes.at(on).jobs.insert(key);
  if (status.is_prepared) return false;
  if (status.preparation.state != JobTaskState::Running) {
    run_anew({key, on}, JobTask::Preparation, status.preparation, now, out);
  }
  return job.spec.preparation->wait_for_success;
}

void stop_preparations(JobKey key, Job& job, Time now, Effects& out) {
  for (auto& [node, status] : job.nodes) {
    if (status.preparation.state != JobTaskState::Running) continue;
    kill({key, node}, JobTask::Preparation, status.preparation, out);
    break_off({key, node}, status.preparation, now, out);
  }
}

// A node that is neither up nor about to be is not waited for.
void begin_releases(State& state, JobKey key, Job& job, Time now, Effects& out) {
  if (!job.spec.has_release) return;
  for (auto& [node_key, status] : job.nodes) {
    const Node* node = find(state.nodes, node_key);
    if (!node || !is_owed(status)) continue;
    if (is_up(*node)) {
      run({key, node_key}, JobTask::Release, status.release, now, out);
    } else if (is_booting(state.settings, *node)) {
      status.release.state = JobTaskState::Due;
      touch_it({key, node_key}, out);
    }
  }
}

bool is_barred(const Job& job, NodeKey node) {
  const auto it = job.nodes.find(node);
  return it != job.nodes.end() && it->second.is_barred;
}

bool owes_release(const Job& job) {
  return job.spec.has_release &&
         std::any_of(job.nodes.begin(), job.nodes.end(), [](const auto& one) { return is_owed(one.second); });
}

bool is_released(const Job& job) {
  return std::none_of(job.nodes.begin(), job.nodes.end(),
                      [](const auto& one) { return is_outstanding(one.second.release); });
}

void end_released_jobs(State& state, Time now, Effects& out) {
  for (std::size_t i = 0; i < state.released.size(); ++i) end_if_released(state, state.released[i], now, out);
  state.released.clear();
}

void leave_nodes(State& state, JobKey key, const Job& job) {
  for (const auto& [node_key, status] : job.nodes) {
    if (Node* node = find(state.nodes, node_key)) node->jobs.erase(key);
  }
}

void remove_files(const State& state, JobKey key, const Job& job, Effects& out) {
  for (const auto& [node, status] : job.nodes) {
    if (!state.nodes.contains(node)) continue;
    for (const JobTask which : {JobTask::Preparation, JobTask::Release}) {
      const JobTaskStatus& task = which == JobTask::Preparation ? status.preparation : status.release;
      if (task.attempt > 0) out.actions.push_back(RemoveJobTaskFiles{key, node, which});
    }
  }
}

void jobs_lose(State& state, NodeKey key, Node& node, Down how, Time now, Effects& out) {
  for (const JobKey job_key : node.jobs) {
    Job& job = state.jobs.at(job_key);
    JobNodeStatus& status = job.nodes.at(key);
    lose_preparation({job_key, key}, job, status, how, now, out);
    lose_release(state, {job_key, key}, status, how, now, out);
  }
}

void begin_due_releases(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  for (const JobKey job : node.jobs) {
    JobTaskStatus& release = state.jobs.at(job).nodes.at(key).release;
    if (release.state == JobTaskState::Due) run({job, key}, JobTask::Release, release, now, out);
  }
}

void on(State& state, const JobTaskExited& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  const auto at = job ? job->nodes.find(e.node) : std::map<NodeKey, JobNodeStatus>::iterator();
  if (!job || at == job->nodes.end()) return;
  // Also of an attempt that was given up: its process has taken what it took.
  accrue(job->status.sums.usage, e.outcome.usage);
  touch(out.touched.jobs, e.job);
  if (const Node* node = find(state.nodes, e.node)) count_usage(state, node->status.pool, e.outcome.usage, out);
  JobTaskStatus& status = of(at->second, e.which);
  if (status.state != JobTaskState::Running || status.attempt != e.attempt) return;
  const Place place{e.job, e.node};
  if (e.which == JobTask::Preparation) return preparation_ended(state, place, *job, e.outcome, now, out);
  note_end(place, status, e.outcome, now, out);
  note_ended_release(state, e.job);
}

}  // namespace batchite::scheduler
