#include "core/blob/entries.h"

#include <algorithm>
#include <array>

namespace batchite {
namespace {

constexpr std::array<std::string_view, 3> kTypes = {"BlockBlob", "AppendBlob", "PageBlob"};
constexpr std::array<std::string_view, 3> kAccess = {"none", "blob", "container"};

Document lease_document(const Lease& lease) {
  Document document = {{"id", lease.id}};
  if (lease.duration != Ticks(0)) {
    document["duration"] = lease.duration.count();
    document["expires"] = lease.expires.time_since_epoch().count();
  }
  if (lease.broken_from) document["brokenFrom"] = lease.broken_from->time_since_epoch().count();
  return document;
}

std::optional<Time> time_in(const Reader& reader, std::string_view name) {
  const Document* value = reader.find(name);
  return value ? std::optional(Time(Ticks(value->get<std::int64_t>()))) : std::nullopt;
}

Lease lease_from(const Reader& reader) {
  return {.id = reader.text("id"),
          .duration = Ticks(reader.get<std::int64_t>("duration", 0)),
          .expires = time_in(reader, "expires").value_or(Time::max()),
          .broken_from = time_in(reader, "brokenFrom")};
}

Document policy_document(const StoredPolicy& policy) {
  Document document = {{"id", policy.id}, {"permissions", policy.permissions}};
  if (policy.start) document["start"] = policy.start->time_since_epoch().count();
  if (policy.expiry) document["expiry"] = policy.expiry->time_since_epoch().count();
  return document;
}

Document deletion_document(const Deletion& deletion) {
  Document document = {{"at", deletion.at.time_since_epoch().count()},
                       {"until", deletion.until.time_since_epoch().count()}};
  if (deletion.was_blob) document["wasBlob"] = true;
  return document;
}

Deletion deletion_from(const Reader& reader) {
  return {.at = time_in(reader, "at").value_or(Time()),
          .until = time_in(reader, "until").value_or(Time()),
          .was_blob = reader.get<bool>("wasBlob", false)};
}

// The place of a name in an array of names; the first for one that is not known.
template <class Enum, std::size_t size>
Enum named(const std::array<std::string_view, size>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? Enum{} : static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view to_text(BlobType type) { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<BlobType> blob_type_from(std::string_view text) {
  const auto type = named<BlobType>(kTypes, text);
  return to_text(type) == text ? std::optional(type) : std::nullopt;
}

Document state_document(const ContainerEntry& entry) {
  Document state = Document::object();
  if (!entry.lease.id.empty()) state["lease"] = lease_document(entry.lease);
  if (entry.access != PublicAccess::None) state["access"] = kAccess[static_cast<std::size_t>(entry.access)];
  for (const StoredPolicy& policy : entry.policies) state["policies"].push_back(policy_document(policy));
  if (!entry.scope.name.empty())
    state["scope"] = {{"name", entry.scope.name}, {"deniesOther", entry.scope.denies_other}};
  if (entry.deleted) state["deleted"] = deletion_document(*entry.deleted);
  return state;
}

Document state_document(const BlobEntry& entry) {
  Document state = Document::object();
  if (entry.type != BlobType::Block) state["type"] = to_text(entry.type);
  if (!entry.lease.id.empty()) state["lease"] = lease_document(entry.lease);
  for (const auto& [name, value] : entry.tags) state["tags"][name] = value;
  for (const ByteRange& range : entry.pages) {
    state["pages"].push_back(range.offset);
    state["pages"].push_back(range.size);
  }
  if (entry.deleted) state["deleted"] = deletion_document(*entry.deleted);
  return state;
}

void read_state(const Document& state, ContainerEntry& entry) {
  const Reader reader(state);
  entry.lease = lease_from(reader.object("lease"));
  entry.access = named<PublicAccess>(kAccess, reader.text("access"));
  for (const Document& item : reader.array("policies")) {
    const Reader policy(item);
    entry.policies.push_back(
        {policy.text("id"), time_in(policy, "start"), time_in(policy, "expiry"), policy.text("permissions")});
  }
  const Reader scope = reader.object("scope");
  entry.scope = {scope.text("name"), scope.get<bool>("deniesOther", false)};
  if (reader.has("deleted")) entry.deleted = deletion_from(reader.object("deleted"));
}

void read_state(const Document& state, BlobEntry& entry) {
  const Reader reader(state);
  entry.type = named<BlobType>(kTypes, reader.text("type"));
  entry.lease = lease_from(reader.object("lease"));
  const Reader tags = reader.object("tags");
  for (const auto& [name, value] : tags.document().items()) entry.tags.add(name, value.get<std::string>());
  const Document& pages = reader.array("pages");
  for (std::size_t i = 0; i + 1 < pages.size(); i += 2) {
    entry.pages.push_back({pages[i].get<std::uint64_t>(), pages[i + 1].get<std::uint64_t>()});
  }
  if (reader.has("deleted")) entry.deleted = deletion_from(reader.object("deleted"));
}

}  // namespace batchite
