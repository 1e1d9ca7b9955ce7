// The Batch service: every operation of the contract, carried out on a World. A request is checked against the
// contract, run by its operation's function (core/operations), committed, and its orders given to the host.
//
// Not thread-safe: the owner calls under its lock. Answers that would take long (files of nodes) come back as a
// function to call after the lock is released.
#pragma once
#include <functional>
#include <variant>

#include "core/backend.h"
#include "core/change.h"

namespace batchite {

using Later = std::function<Reply()>;
using Answer = std::variant<Reply, Later>;

class Service {
 public:
  // The three outlive the service.
  Service(Store& store, NodeFiles& files, Host& host, ServiceOptions options);

  // Throws Error.
  Answer call(const Call& call, Time now);

  // The rules of Backend::manage. Throws Error.
  Document manage(const ManagementCall& call, Time now);

  // Reports of the host, in one transaction. Throws Error when the store cannot take them (a full disk): nothing has
  // happened then, and the same events may be brought again.
  void happened(const std::vector<Event>& events, Time now);

  // Backend::explain. Throws JobNotFound, TaskNotFound.
  Document explain(const std::string& job_id, const std::string& task_id, Time now);

  // Backend::samples. Throws PoolNotFound.
  Document samples(const std::string& pool_id, Time now);

  // Backend::inflict and Backend::scheduled_events.
  void inflict(const NodeFault& fault, Time now);
  Document scheduled_events(const std::string& node_id, Time now);

  // Backend::watch, for the one owner; empty: nobody listens.
  void watch(Backend::Watcher watcher) { world_.watch = std::move(watcher); }

  std::uint64_t revision() const { return world_.revision; }

  // For tests and for showing why: the scheduler's view. Loads it if need be.
  const State& state();

 private:
  World world_;
};

}  // namespace batchite
