#include "backends/azure/uncertain.h"

#include <algorithm>

#include "core/base/ids.h"

namespace batchite::azure {
namespace {

constexpr unsigned kNotFound = 404;

// What adds a resource, and what shows it.
struct Pair {
  std::string_view add, get, id;
};
constexpr Pair kPairs[] = {{"Pool_Add", "Pool_Get", "poolId"},
                           {"Job_Add", "Job_Get", "jobId"},
                           {"JobSchedule_Add", "JobSchedule_Get", "jobScheduleId"},
                           {"Task_Add", "Task_Get", "taskId"}};

constexpr std::string_view kNever[] = {"ComputeNode_Reboot", "ComputeNode_Reimage", "Task_Reactivate"};
constexpr BlobOperation kNeverOfBlobs[] = {BlobOperation::AppendBlock,     BlobOperation::AppendBlockFromUrl,
                                           BlobOperation::LeaseBlob,       BlobOperation::LeaseContainer,
                                           BlobOperation::SnapshotBlob,    BlobOperation::CopyBlob,
                                           BlobOperation::CopyBlobFromUrl, BlobOperation::BlobBatch};

// Refusals of what is under way or over.
struct Done {
  std::string_view operation, code;
};
constexpr Done kDone[] = {{"Job_Terminate", "JobTerminating"},
                          {"Job_Terminate", "JobCompleted"},
                          {"JobSchedule_Terminate", "JobScheduleCompleted"},
                          {"Task_Terminate", "TaskCompleted"},
                          {"Pool_Resize", "PoolBeingResized"},
                          {"ComputeNode_AddUser", "NodeUserExists"}};

bool is_deletion(BlobOperation operation) {
  return operation == BlobOperation::DeleteBlob || operation == BlobOperation::DeleteContainer;
}

const Pair* pair_of(const Call& call) {
  const auto* const it = std::ranges::find(kPairs, call.operation.id, &Pair::add);
  return it == std::end(kPairs) ? nullptr : it;
}

bool creates_only(const BlobCall& call) {
  if (call.operation == BlobOperation::CreateContainer) return true;
  const bool puts = call.operation == BlobOperation::PutBlob || call.operation == BlobOperation::PutBlockList;
  return puts && (!call.may_overwrite || call.headers.get("If-None-Match") == "*");
}

}  // namespace

Repeat repeat_of(const Call& call) {
  if (pair_of(call) && Reader(call.body).has("id")) return Repeat::AfterALook;
  return std::ranges::find(kNever, call.operation.id) == std::end(kNever) ? Repeat::Freely : Repeat::Never;
}

Repeat repeat_of(const BlobCall& call) {
  if (creates_only(call)) return Repeat::AfterALook;
  return std::ranges::find(kNeverOfBlobs, call.operation) == std::end(kNeverOfBlobs) ? Repeat::Freely : Repeat::Never;
}

Call look_of(const Call& call) {
  const Pair& pair = *pair_of(call);
  Call look{.operation = *contract::find_operation(pair.get), .path = call.path, .version = call.version};
  look.path.add(std::string(pair.id), Reader(call.body).text("id"));
  look.query.add("$select", "id,creationTime");
  return look;
}

BlobCall look_of(const BlobCall& call) {
  BlobCall look{.operation = BlobOperation::GetBlobProperties,
                .account = call.account,
                .container = call.container,
                .blob = call.blob};
  if (call.operation == BlobOperation::CreateContainer) look.operation = BlobOperation::GetContainerProperties;
  return look;
}

bool was_made_since(Time made, Time date, Ticks ago) {
  constexpr Ticks kRounding = std::chrono::seconds(1);  // of times in headers
  return made >= date - ago - kRounding;
}

bool means_done(const Call& call, const Error& error) {
  if (call.operation.method == contract::Method::Delete) {
    return error.status() == kNotFound || error.code().ends_with("BeingDeleted");
  }
  return std::ranges::any_of(
      kDone, [&](const Done& done) { return done.operation == call.operation.id && done.code == error.code(); });
}

bool means_done(const BlobCall& call, const Error& error) {
  return is_deletion(call.operation) && (error.status() == kNotFound || error.code() == "ContainerBeingDeleted");
}

}  // namespace batchite::azure
