// The state of the service while one request or one batch of reports changes it. Who has no Change cannot change
// anything.
//
// A Change is a transaction: what it wrote and what the scheduler decided become true together at commit(), or not at
// all. One at a time; the caller sees to that (backends/local holds its lock around the whole life of a Change).
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/document.h"
#include "core/host.h"
#include "core/scheduler/step.h"
#include "core/store.h"

namespace batchite {

// Fixed at the start of the service.
struct ServiceOptions {
  std::string account = "devbatchaccount";
  std::string base_url = "http://127.0.0.1:10010";  // of URLs in documents, without a slash at the end
  Settings scheduler = {};
  std::string token_secret = {};  // signs the tokens of tasks; empty: nobody could be called with one
};

// What a node was called; kept after it is gone, since tasks go on naming it.
struct NodeName {
  std::string pool_id;
  std::string node_id;
};

// Everything there is. Only a Change touches it.
struct World {
  Store& store;
  NodeFiles& files;
  Host& host;
  ServiceOptions options;
  State state = {};
  std::unordered_map<NodeKey, NodeName> node_names = {};
  std::unordered_map<std::string, NodeKey> nodes_by_id = {};  // folded node ids
  std::unordered_map<JobKey, std::shared_ptr<const JobContext>> job_contexts = {};
  std::unordered_map<PoolKey, std::deque<PoolSample>> samples = {};  // of a day at most; not kept in the store
  std::function<void(const Document&)> watch = nullptr;              // hears of states that changed; may be empty
  std::uint64_t revision = 1;                                        // grows with every change
  Time last = kNever;                                                // of the latest change: times never go backwards
  bool must_load = true;                                             // the state in memory is not the store's
};

class Change {
 public:
  // `base`: of URLs in documents; empty: the configured one.
  Change(World& world, Time now, std::string base = {});
  ~Change();  // rolls back unless committed
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  Time now() const { return now_; }
  const State& state() const { return world_.state; }
  const ServiceOptions& options() const { return world_.options; }
  const std::string& base_url() const { return base_.empty() ? world_.options.base_url : base_; }
  std::uint64_t revision() const { return world_.revision; }
  NodeFiles& files() const { return world_.files; }
  Host& host() const { return world_.host; }
  const NodeName& name_of(NodeKey node) const;
  const std::deque<PoolSample>& samples_of(PoolKey pool) const;      // oldest first
  std::optional<NodeKey> find_node(std::string_view node_id) const;  // of any pool, while it is there
  std::optional<NodeKey> find_node(PoolKey pool, std::string_view node_id) const;

  Store& read() const { return world_.store; }
  Store& write();  // begins the transaction
  // Makes the jobs and evaluates the formulas that become due by it as well.
  void happen(const Event& event);

  // Makes it all true and says what the host is to do. Nothing may be done with a Change afterwards.
  std::vector<HostOrder> commit();

 private:
  void answer_what_is_due();
  void keep_samples();
  void keep_statuses();
  void keep_job_nodes();
  void keep_new_nodes();
  void keep_usage();
  void erase_gone();
  std::vector<HostOrder> orders();
  HostOrder order(const Action& action);
  HostOrder run_job_task(const RunJobTask& run);
  template <class Order, class Run>
  HostOrder run_task(const Run& run);
  std::shared_ptr<const InstanceNodes> instances_of(TaskKey task) const;
  std::shared_ptr<const JobContext> context_of(JobKey job);

  World& world_;
  Time now_;
  std::string base_;
  bool writing_ = false;
  bool committed_ = false;
  bool happened_ = false;
  Effects effects_;
};

// Fills the state from the store. Node and pool names come along.
void load(World& world);

}  // namespace batchite
