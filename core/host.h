// Seam: who carries the scheduler's orders out, and what it finds in a node's directories.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/time.h"
#include "core/scheduler/action.h"
#include "core/scheduler/state.h"

namespace batchite {

// What a process needs to know of the job around it; shared by the job's orders.
struct JobContext {
  std::string job_id;
  std::string common_environment;  // JSON array of {name, value}; "" for none
  std::string preparation_id;      // of its job preparation task; "" for none
};

// An application package that a node is to have.
struct PackageFile {
  std::string application = {};
  std::string version = {};
  bool by_default = false;     // it was asked for without its version
  std::string container = {};  // of the linked storage account; empty: there is no such package any more
  std::string blob = {};
};

struct BootNodeOrder {
  BootNode what;
  std::string pool_id;
  std::string node_id;
  bool dedicated = true;
  std::vector<PackageFile> packages = {};  // the pool's
};
struct RemoveNodeOrder {
  RemoveNode what;
  std::string pool_id;
  std::string node_id;
};
struct RunStartTaskOrder {
  RunStartTask what;
  std::string spec;  // the start task's document, JSON
};
// The nodes that a multi-instance task holds, by instance; shared by its orders.
struct InstanceNodes {
  struct Member {
    NodeKey node;
    std::string address;
  };
  std::vector<Member> members = {};  // the first is the primary's
  int cores = 1;                     // of each
};
struct RunTaskOrder {
  RunTask what;
  std::string task_id;
  std::string spec;  // the task's document, JSON
  std::shared_ptr<const JobContext> job;
  std::vector<PackageFile> packages = {};                    // the task's own
  std::string token = {};                                    // with which it may call the Batch service; empty: none
  std::shared_ptr<const InstanceNodes> instances = nullptr;  // null: it is no multi-instance task
};
// Common resource files in, then the coordination command. What that leaves running goes on until KillTask.
struct RunCoordinationOrder {
  RunCoordination what;
  std::string task_id;
  std::string spec;  // the task's document, JSON
  std::shared_ptr<const JobContext> job;
  std::vector<PackageFile> packages = {};
  std::string token = {};
  std::shared_ptr<const InstanceNodes> instances = nullptr;
};
struct RunJobTaskOrder {
  RunJobTask what;
  std::string task_id;
  std::string spec;  // the preparation or release task's document, JSON
  std::shared_ptr<const JobContext> job;
};
struct RemoveTaskFilesOrder {
  NodeKey node;
  std::string directory;  // below the node's root
};

struct MeasurePoolOrder {
  PoolKey pool;
  std::string pool_id;
};

using HostOrder =
    std::variant<BootNodeOrder, RunStartTaskOrder, RunTaskOrder, RunCoordinationOrder, RunJobTaskOrder,
                 RemoveTaskFilesOrder, RemoveNodeOrder, KillStartTask, KillTask, KillJobTask, MeasurePoolOrder, WakeAt>;

// A task's directory below its node's root: workitems/{job}/job-1/{task}; of a job of a schedule
// workitems/{schedule}/job-{n}/{task}. Also of its preparation and release task.
std::string task_directory(const std::string& job_id, const std::string& task_id);

// Of one instance of a multi-instance task: below the task's, which is the directory that its instances share the path
// of. Recordings show the primary's as {task}/0.
std::string instance_directory(const std::string& job_id, const std::string& task_id, int instance);

// Where a node is reached by others: as all are on one machine, a loopback address of its own (127.1.0.4, 127.1.0.5 …).
std::string node_address(NodeKey node);

// Texts that a node puts into a client's container.
struct TextUpload {
  struct Blob {
    std::string name;
    std::string text;
  };
  std::string container_url = {};  // with its signature
  bool has_identity = false;       // the node's identity may be used: no signature is needed then
  std::vector<Blob> blobs = {};
};

class Host {
 public:
  virtual ~Host() = default;
  // Blocks until everything is there; any thread, not under the service's lock. A failure is one of an output file's.
  virtual std::optional<Failure> upload(const TextUpload& texts) = 0;
  // Only queues; orders are begun in this order. Answers come back as events.
  virtual void enqueue(std::vector<HostOrder> orders) = 0;
};

struct FileEntry {
  std::string name = {};  // below the directory that was asked for, with '/'
  bool is_directory = false;
  std::uint64_t size = 0;
  Time modified = {};
  unsigned mode = 0;
};

// Files of nodes, read while tasks run. Paths are below a node's root; whatever would leave it is FileNotFound.
class NodeFiles {
 public:
  virtual ~NodeFiles() = default;
  virtual std::vector<FileEntry> list(NodeKey node, const std::string& directory, bool recursive) = 0;
  virtual FileEntry stat(NodeKey node, const std::string& path) = 0;
  // first..last, both included; an end beyond the file's is the file's.
  struct Range {
    std::uint64_t first, last;
  };
  virtual std::shared_ptr<ByteSource> open(NodeKey node, const std::string& path, std::optional<Range> range) = 0;
  virtual void remove(NodeKey node, const std::string& path, bool recursive) = 0;
};

}  // namespace batchite
