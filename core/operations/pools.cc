// Pools: add, read, change, resize, delete. Sources: learn.microsoft.com/rest/api/batchservice/pool and recorded
// answers.
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/certificates.h"
#include "core/operations/create.h"
#include "core/operations/defaults.h"
#include "core/operations/lookup.h"
#include "core/operations/package_references.h"
#include "core/operations/pool_rules.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/statistics.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

constexpr Ticks kResizeTimeout = std::chrono::minutes(15);

Answer add_pool(Change& change, const Call& call) {
  Document pool = contract::normalise(*call.operation.body, call.body);
  const std::string id = pool["id"];
  const PoolKey key = create_pool(change, std::move(pool));
  Reply reply = done(call, change.state().pools.at(key).status.modified);
  reply.headers.add("Location", pool_url(change, id));
  return reply;
}

Answer list_pools(Change& change, const Call& call) { return page(change, call, Kind::Pool, 0, render_pool); }

Answer get_pool(Change& change, const Call& call) {
  const PoolKey pool = the_pool(change, call);
  const Time modified = change.state().pools.at(pool).status.modified;
  check_conditions(call, modified);
  return one(call, with_statistics(change, call, Kind::Pool, number(pool), render_pool(change, number(pool))),
             modified);
}

Answer pool_exists(Change& change, const Call& call) {
  const PoolKey pool = the_pool(change, call);
  const Time modified = change.state().pools.at(pool).status.modified;
  check_conditions(call, modified);
  return done(call, modified);
}

// The pool, once conditions hold and it is not on its way out.
const Pool& changeable(Change& change, const Call& call, PoolKey key) {
  const Pool& pool = change.state().pools.at(key);
  check_conditions(call, pool.status.modified);
  if (pool.status.state == PoolState::Deleting) throw Error(errors::kPoolBeingDeleted);
  return pool;
}

Answer put_pool(Change& change, const Call& call, PoolKey key, Document pool) {
  check_pool_document(pool);
  complete_pool_document(pool);
  change.write().put_spec(Kind::Pool, number(key), pool.dump());
  change.happen(PoolSpecChanged{key, pool_spec(pool)});
  return done(call, change.state().pools.at(key).status.modified);
}

Answer patch_pool(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& state = changeable(change, call, key);
  Document pool = Document::parse(change.read().get(Kind::Pool, number(key)).spec);
  const Document body = contract::normalise(*call.operation.body, call.body);
  constexpr std::string_view kAlwaysChangeable[] = {
      "startTask", "certificateReferences",       "applicationPackageReferences",
      "metadata",  "targetNodeCommunicationMode", "displayName"};
  for (const auto& [name, value] : body.items()) {
    const bool always =
        std::find(std::begin(kAlwaysChangeable), std::end(kAlwaysChangeable), name) != std::end(kAlwaysChangeable);
    if (!always && !state.nodes.empty()) {
      throw Error(errors::kOperationInvalidForCurrentState,
                  {{"PropertyName", name}, {"Reason", "It can be changed only while the pool has no nodes"}});
    }
    pool[name] = value;
  }
  if (body.contains("applicationPackageReferences")) check_package_references(change, body);
  if (body.contains("certificateReferences")) complete_certificate_references(change, pool);
  return put_pool(change, call, key, std::move(pool));
}

Answer update_pool(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  changeable(change, call, key);
  Document pool = Document::parse(change.read().get(Kind::Pool, number(key)).spec);
  const Document body = contract::normalise(*call.operation.body, call.body);
  for (const char* name : {"startTask", "certificateReferences", "applicationPackageReferences", "metadata",
                           "targetNodeCommunicationMode"}) {
    pool.erase(name);
    const Document* value = Reader(body).find(name);
    if (value && !(value->is_array() && value->empty())) pool[name] = *value;
  }
  // Unlike other lists this one is shown also when it is empty.
  if (body.contains("certificateReferences")) pool["certificateReferences"] = body["certificateReferences"];
  check_package_references(change, body);
  complete_certificate_references(change, pool);
  return put_pool(change, call, key, std::move(pool));
}

Answer resize_pool(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& pool = changeable(change, call, key);
  if (pool.spec.scale_every) throw Error(errors::kOperationInvalidForCurrentState);
  if (pool.status.allocation != AllocationState::Steady) throw Error(errors::kPoolBeingResized);
  const Document body = contract::normalise(*call.operation.body, call.body);
  const Reader reader(body);
  if (!reader.has("targetDedicatedNodes") && !reader.has("targetLowPriorityNodes")) {
    throw Error(errors::kMissingRequiredProperty, {{"PropertyName", "targetDedicatedNodes"}});
  }
  const Targets target{reader.get("targetDedicatedNodes", pool.status.target.dedicated),
                       reader.get("targetLowPriorityNodes", pool.status.target.low_priority)};
  if (target.dedicated < 0 || target.low_priority < 0) {
    throw invalid_property(target.dedicated < 0 ? "targetDedicatedNodes" : "targetLowPriorityNodes",
                           std::to_string(std::min(target.dedicated, target.low_priority)), "Must not be negative");
  }
  change.write();
  change.happen(PoolResizeAsked{key, target, duration_of(body, "resizeTimeout", kResizeTimeout),
                                drain_option(body, "nodeDeallocationOption")});
  return done(call, change.state().pools.at(key).status.modified);
}

Answer stop_resize(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& pool = changeable(change, call, key);
  if (pool.status.allocation != AllocationState::Resizing) throw Error(errors::kOperationInvalidForCurrentState);
  change.write();
  change.happen(PoolStopResizeAsked{key});
  return done(call, change.state().pools.at(key).status.modified);
}

Answer remove_nodes(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& pool = changeable(change, call, key);
  if (pool.status.allocation != AllocationState::Steady) throw Error(errors::kPoolBeingResized);
  const Document body = contract::normalise(*call.operation.body, call.body);
  NodesRemoveAsked asked{.pool = key,
                         .nodes = {},
                         .resize_timeout = duration_of(body, "resizeTimeout", kResizeTimeout),
                         .drain = drain_option(body, "nodeDeallocationOption")};
  for (const Document& id : Reader(body).array("nodeList")) {
    const auto node = change.find_node(key, id.get<std::string>());
    if (!node) throw Error(errors::kNodeNotFound);
    if (std::find(asked.nodes.begin(), asked.nodes.end(), *node) == asked.nodes.end()) asked.nodes.push_back(*node);
  }
  change.write();
  change.happen(asked);
  return done(call, change.state().pools.at(key).status.modified);
}

Answer delete_pool(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  changeable(change, call, key);
  change.write();
  change.happen(PoolDeleteAsked{key});
  return done(call);
}

constexpr OperationRow kPools[] = {
    {"Pool_Add", add_pool},       {"Pool_List", list_pools},        {"Pool_Get", get_pool},
    {"Pool_Exists", pool_exists}, {"Pool_Patch", patch_pool},       {"Pool_UpdateProperties", update_pool},
    {"Pool_Resize", resize_pool}, {"Pool_StopResize", stop_resize}, {"Pool_RemoveNodes", remove_nodes},
    {"Pool_Delete", delete_pool},
};

}  // namespace

PoolKey create_pool(Change& change, Document pool) {
  check_pool_document(pool);
  check_package_references(change, pool);
  complete_certificate_references(change, pool);
  complete_pool_document(pool);
  const std::string id = pool["id"];
  const Targets target{Reader(pool).get("targetDedicatedNodes", 0), Reader(pool).get("targetLowPriorityNodes", 0)};
  const auto key = change.write().insert(Kind::Pool, {.id = id, .spec = pool.dump()});
  if (!key) {
    const auto existing = change.read().find(Kind::Pool, 0, id);
    const bool deleting = change.state().pools.at(PoolKey{*existing}).status.state == PoolState::Deleting;
    throw Error(deleting ? errors::kPoolBeingDeleted : errors::kPoolExists);
  }
  change.happen(PoolAdded{.pool = PoolKey{*key},
                          .id = fold(id),
                          .spec = pool_spec(pool),
                          .target = target,
                          .resize_timeout = duration_of(pool, "resizeTimeout", kResizeTimeout)});
  return PoolKey{*key};
}

std::span<const OperationRow> pool_operations() { return kPools; }

}  // namespace batchite
