// Watches a job until its tasks are done or can't be done: one look is the job's state and the counts of tasks and
// nodes, whatever there are of them, and looks are spaced by a twentieth of the time passed, within what the backend's
// manners allow; tasks are listed as they end, from the last one on. Ends promptly when waiting has no point:
// every node has failed, the pool can't be filled, the remaining tasks depend on failed ones, the job was ended by
// somebody. Pure but for the calls; throws what the backend throws.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::workflow {

enum class Ending {
  Completed,  // every task has ended, with whatever result
  TimedOut,
  Cancelled,
  NoNode,      // no node of the pool can run a task
  NoCapacity,  // the pool got no nodes
  Blocked,     // the tasks left wait for failed ones
  JobEnded,    // the job was deleted, disabled or terminated before its tasks
};

struct Watched {
  std::string job;
  std::string pool;     // empty: the job's own (autopool), learnt from the job
  int tasks = 0;        // submitted; a job manager may add more
  Time began = kNever;  // of the run
  Time deadline = Time::max();
  bool has_dependencies = false;
  bool has_preparation = false;  // the job has a preparation task
};

struct Watch {
  Ending ending;
  std::string cause;  // sentences for a person; empty for Completed and Cancelled
};

class Monitor {
 public:
  Monitor(Client& client, Pace& pace, Observer& observer, Watched watched);

  Watch run();
  // The pool that ran the job, as far as known.
  const std::string& pool() const { return watched_.pool; }

 private:
  // nullopt: go on watching.
  std::optional<Watch> look();
  std::optional<Watch> look_at_nodes();
  std::optional<Watch> look_at_job();
  std::optional<Watch> look_at_pool(const std::vector<Document>& nodes);
  std::optional<Watch> look_at_preparation(std::size_t nodes);
  std::optional<Watch> look_for_blocked();
  std::vector<Document> list_nodes();
  void rest(Ticks left);
  void read_node_counts();
  void tell_of_pool();
  void tell_of_lost_nodes();
  void read_counts();
  void tell_ended();
  void tell();

  Client& client_;
  Pace& pace_;
  Observer& observer_;
  Watched watched_;
  const Manners manners_;
  Counts counts_;
  std::optional<Counts> unblocked_;  // as they were when it turned out that some active task can run
  std::map<std::string, int> nodes_;
  bool pool_is_told_ = false, lost_are_told_ = false;
  bool changed_ = true;  // counts or nodes, since the last Progress
  Time told_at_ = kNever;
  int told_ = -1;                // completed tasks whose TaskEnded is out
  std::set<std::string> ended_;  // their ids
  std::string last_end_;         // of the one that ended last, as the service wrote it
};

// How long to wait before the next look.
Ticks pause_after(Ticks elapsed, const Manners& manners);

// Ids of active tasks that can never run because a task they depend on, directly or not, failed and blocks them.
// `tasks` as Task_List renders them, all of the job.
std::vector<std::string> blocked_tasks(const std::vector<Document>& tasks);

// An id as ranges of ids see it: digits only, whatever zeros it begins with.
std::optional<int> task_number(std::string_view id);

// One task document as a row, without the tail of stderr.
TaskRow to_row(const Document& task);

}  // namespace batchite::workflow
