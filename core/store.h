// Seam: where resources are kept. Rows by kind and key; ids are found without regard to case. No rules live here.
//
// Everything happens between begin() and commit(); rollback() forgets it. A failure (a full disk, say) is thrown as
// Error and leaves the last committed state. One user at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

// Usage: half hours of pools (core/pool_usage.h) below parent 0, the account's totals below parent 1.
// Applications have the specs that core/management.h shows, without their ids.
// JobNode: what became of a job's preparation and release on a node; its id is the node's key.
enum class Kind : std::uint8_t {
  Pool,
  Node,
  Job,
  Task,
  NodeUser,
  Certificate,
  Application,
  Usage,
  JobSchedule,
  JobNode,
};
inline constexpr Kind kKinds[] = {Kind::Pool,        Kind::Node,        Kind::Job,   Kind::Task,        Kind::NodeUser,
                                  Kind::Certificate, Kind::Application, Kind::Usage, Kind::JobSchedule, Kind::JobNode};

struct Row {
  std::int64_t key = 0;
  std::int64_t parent = 0;  // a node's pool, the job of a task or of a JobNode, a user's node
  std::string id = {};      // as the client wrote it
  std::string spec = {};    // the client's document, JSON
  std::string status = {};  // core/status_text.h
};

struct Listed {
  std::int64_t key;
  std::string id;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;

  // The new row's key: row.key if that is not 0, else the next number of its kind. nullopt: parent has such an id
  // already.
  virtual std::optional<std::int64_t> insert(Kind kind, const Row& row) = 0;
  virtual std::optional<std::int64_t> find(Kind kind, std::int64_t parent, const std::string& id) = 0;
  // REQUIRES for the rest: there is such a row.
  virtual Row get(Kind kind, std::int64_t key) = 0;
  virtual void put_spec(Kind kind, std::int64_t key, const std::string& spec) = 0;
  virtual void put_status(Kind kind, std::int64_t key, const std::string& status) = 0;
  virtual void erase(Kind kind, std::int64_t key) = 0;
  virtual void erase_children(Kind kind, std::int64_t parent) = 0;

  // In the order of folded ids, those after `after` ("" for the first), at most `limit`.
  virtual std::vector<Listed> list(Kind kind, std::int64_t parent, const std::string& after, std::size_t limit) = 0;
  // Every row of the kind in the order of keys.
  virtual void each(Kind kind, const std::function<void(const Row&)>& visit) = 0;
};

}  // namespace batchite
