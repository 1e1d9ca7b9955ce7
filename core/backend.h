// Seam 1: the service, whoever carries it out. The command line, the workflow and the emulator talk to nothing else, so
// what runs on local processes runs on Azure. A new backend implements these three and passes
// tests/local/local_backend_test.cc.
//
// Every function is safe from any thread, blocks until the answer is there, and throws Error with the service's own
// code.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/document.h"
#include "core/base/error.h"
#include "core/base/parameters.h"
#include "core/base/time.h"
#include "core/blob/blob_operation.h"
#include "core/blob/listing_sink.h"
#include "core/contract/contract.h"
#include "core/management.h"
#include "core/signing/task_token.h"

namespace batchite {

// One Batch operation as asked. Names in `path` and `query` are the contract's ("poolId", "$filter", "maxresults").
struct Call {
  const contract::Operation& operation;
  Parameters path = {};
  Parameters query = {};
  Parameters headers = {};              // conditions ("If-Match", …) and "ocp-range"; nothing else is looked at
  Document body = nullptr;              // null: no body
  contract::Version version{20240201};  // of the caller; the default knows most of old and new
  std::string base = {};  // of URLs in the answer: as the caller reaches the service; empty: as configured
  std::optional<TaskCaller> caller = std::nullopt;  // none: whoever may do everything
  std::string token = {};  // the caller's own of Entra ID, for a backend that passes calls on to where it counts
};

struct Reply {
  unsigned status = 200;
  Document body = nullptr;                      // null: no body
  std::optional<Time> modified = std::nullopt;  // ETag and Last-Modified, where the service sends them
  Parameters headers = {};                      // the ocp-* headers of files
  std::shared_ptr<ByteSource> bytes = nullptr;  // file content
};

// One Blob operation as asked, by its owner: who calls has already checked signatures.
struct BlobCall {
  BlobOperation operation;
  std::string account;
  std::string container = {};
  std::string blob = {};    // decoded
  Parameters query = {};    // prefix, delimiter, marker, maxresults, include, blockid, blocklisttype
  Parameters headers = {};  // content-*, range, conditions, x-ms-*
  ByteSource* body = nullptr;
  // PutBlockList: [{"id": "…", "list": "committed|uncommitted|latest"}]. Other documents by the names of their
  // elements; an element that comes once stands for itself, one that comes again is an array.
  Document document = nullptr;
  bool may_overwrite = true;  // false: the caller's signature allows to create blobs, not to replace them
  Parameters identity = {};   // "oid" and "tid" of the bearer token that the caller came with; empty: none
  std::string token = {};     // as in Call
  // ListBlobs: who is told the items, which then are missing in the reply's body; null: nobody.
  ListingSink* listing = nullptr;
};

struct BlobReply {
  unsigned status = 200;
  Parameters headers = {};  // the wire's: ETag (quoted), Last-Modified, Content-Type, x-ms-meta-…
  // Listings, as JSON: {"Blobs": […], "BlobPrefixes": […], "NextMarker": "…"}; documents of the service, by the names
  // of their elements.
  Document body = nullptr;
  std::shared_ptr<ByteSource> bytes = nullptr;
};

// What a shared access signature is to allow.
struct SasRequest {
  std::string container;
  std::string blob = {};    // empty: the container
  std::string permissions;  // "r", "rl", "w", … in the service's order
  Time expiry;
};

// What goes wrong with a node in the cloud, made to happen here.
struct NodeFault {
  enum class Kind {
    Preempt,  // Azure takes a spot node back
    Fail,     // it becomes unusable, with an error
    Recover,  // an unusable one boots again
  };
  Kind kind;
  std::string pool_id, node_id;         // no pool: whichever has that node
  Ticks notice{}, away{};               // of Preempt: before it goes, and how long it is not there at least
  std::string code = {}, message = {};  // of Fail: the error that the node shows
};

// How a service wants to be asked: one that is far away, and counts requests, more rarely and several things at once.
struct Manners {
  std::size_t calls_at_once = 1;                         // of each()
  std::size_t listed_at_once = 256;                      // blobs a call, of a longer page that is sent on
  Ticks shortest_pause = std::chrono::milliseconds(10);  // between two looks at what goes on
  Ticks longest_pause = std::chrono::seconds(1);         // and after a long while
  Ticks patience = std::chrono::seconds(15);             // until a job or pool that is deleted has gone
};

// Sizes of machines, by name, as far as a backend can tell.
struct VmSizes {
  std::vector<std::string> names = {};
  std::string unknown_because = {};  // without names: why
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Reply call(const Call& call) = 0;
  virtual BlobReply blob(const BlobCall& call) = 0;
  // An absolute URL with a signature that the nodes of this backend accept.
  virtual std::string sas_url(const SasRequest& request) = 0;
  virtual Manners manners() const { return {}; }
  // Does `work` for 0, 1, … below `count`: as many at once, on threads of its own, as the manners say, or in order.
  // `told` hears on the caller's thread of each that is done, always in the order of the numbers. When one throws, no
  // further ones are begun, those that go on end, and what the first of them by number threw is thrown: whoever
  // listens has heard of all before it, and of none behind.
  using Numbered = std::function<void(std::size_t number)>;
  virtual void each(std::size_t count, const Numbered& work, const Numbered& told) {
    for (std::size_t number = 0; number < count; ++number) {
      work(number);
      told(number);
    }
  }
  // The storage account linked to the Batch account ("auto-storage"): whose containers blob calls without account mean.
  virtual const std::string& storage_account() const = 0;
  // Which sizes of machines its pools can have.
  virtual VmSizes vm_sizes() { return {}; }
  // Why a task is not running, by the rules that place it: [{"reason": "NodeFull", "message": "…", "nodeId": "…"}, …],
  // in the order in which the obstacles would have to go away. null: only the service's documents are known here.
  virtual Document explain(const std::string& /*job_id*/, const std::string& /*task_id*/) { return nullptr; }
  // What a pool with a formula was sampled for, oldest first: [{"time": "…", "$ActiveTasks": 4, …}, …]. null: not known
  // here. Throws PoolNotFound.
  virtual Document samples(const std::string& /*pool_id*/) { return nullptr; }

  // Faults are for emulated nodes: Azure's have their own. Throws PoolNotFound, NodeNotFound, OperationNotValidOnNode.
  virtual void inflict(const NodeFault& /*fault*/) {
    throw Error(501, "NotImplemented", "Faults can be made to happen on emulated nodes only.");
  }
  // What Azure's metadata service would tell a virtual machine that is soon to be taken: the document of Scheduled
  // Events, for one node or (empty) for all. null: not known here.
  virtual Document scheduled_events(const std::string& /*node_id*/) { return nullptr; }
  // Applications and their packages. Throws Error 501 where they are managed elsewhere.
  virtual Document manage(const ManagementCall& /*call*/) {
    throw Error(501, "NotImplemented", "This backend does not manage applications and their packages.");
  }

  // Another number whenever anything that `call` shows may have changed, before whoever changed it has its answer.
  // 0: not known here. Files of nodes are not part of it.
  virtual std::uint64_t revision() const { return 0; }

  // Calls `watcher` for each change of a state from now on, until the answer is let go:
  // {"time", "kind": "pool|node|job|task", "poolId" or "jobId" of its owner, "id", "state"}. The watcher only takes
  // note: it is called while others wait. null: this backend does not tell.
  using Watcher = std::function<void(const Document& change)>;
  virtual std::shared_ptr<void> watch(Watcher /*watcher*/) { return nullptr; }
};

}  // namespace batchite
