// Users of compute nodes: kept and answered for, never made on the host. They go with their node, and with its disk
// when it is made anew (core/change.cc). Of a password only its presence is kept, as nothing ever asks for it.
// Sources: learn.microsoft.com/rest/api/batchservice/compute-node/add-user, update-user; recorded answers (201 with a
// Location but no ETag).
#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/defaults.h"
#include "core/operations/endpoints.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

constexpr Ticks kLifetime = std::chrono::days(1);

NodeKey the_ready_node(const Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  require_ready(change.state().nodes.at(node));
  return node;
}

std::int64_t the_user(const Change& change, const Call& call) {
  const NodeKey node = the_ready_node(change, call);
  const auto user = change.read().find(Kind::NodeUser, number(node), call.path.get("userName"));
  if (!user) throw Error(errors::kNodeUserNotFound);
  return *user;
}

// Windows knows passwords only and wants one; Linux takes either, both or none.
void check_login(const Change& change, NodeKey node, const Document& user) {
  const PoolKey pool = change.state().nodes.at(node).status.pool;
  if (!is_windows(Document::parse(change.read().get(Kind::Pool, number(pool)).spec))) return;
  const Reader reader(user);
  if (reader.has("sshPublicKey")) {
    throw invalid_property("sshPublicKey", reader.text("sshPublicKey"),
                           "An SSH public key can be given for Linux nodes only");
  }
  if (!reader.has("password")) throw Error(errors::kMissingRequiredProperty, {{"PropertyName", "password"}});
}

// The user as it is kept.
Document completed(const Change& change, Document user) {
  default_to(user, "isAdmin", false);
  default_to(user, "expiryTime", iso8601(change.now() + kLifetime));
  user["hasPassword"] = Reader(user).has("password");
  user.erase("password");
  return user;
}

Answer add_user(Change& change, const Call& call) {
  const NodeKey node = the_ready_node(change, call);
  const Document user = contract::normalise(*call.operation.body, call.body);
  const std::string name = user["name"];
  if (name.empty()) throw invalid_property("name", name, "A user needs a name");
  check_login(change, node, user);
  const auto key = change.write().insert(Kind::NodeUser,
                                         {.parent = number(node), .id = name, .spec = completed(change, user).dump()});
  if (!key) throw Error(errors::kNodeUserExists);
  Reply reply = done(call);
  reply.headers.add("Location", node_url(change, change.name_of(node)) + "/users/" + percent_encode(name));
  return reply;
}

// Whatever is left out is gone or its default again.
Answer update_user(Change& change, const Call& call) {
  const std::int64_t key = the_user(change, call);
  const Row row = change.read().get(Kind::NodeUser, key);
  Document user = contract::normalise(*call.operation.body, call.body);
  check_login(change, NodeKey{row.parent}, user);
  const Document before = Document::parse(row.spec);
  user["name"] = before["name"];
  user["isAdmin"] = before["isAdmin"];
  change.write().put_spec(Kind::NodeUser, key, completed(change, user).dump());
  return done(call);
}

Answer delete_user(Change& change, const Call& call) {
  const std::int64_t key = the_user(change, call);
  change.write().erase(Kind::NodeUser, key);
  return done(call);
}

constexpr OperationRow kUsers[] = {
    {"ComputeNode_AddUser", add_user},
    {"ComputeNode_UpdateUser", update_user},
    {"ComputeNode_DeleteUser", delete_user},
};

}  // namespace

std::span<const OperationRow> node_user_operations() { return kUsers; }

}  // namespace batchite
