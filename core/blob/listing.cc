// List Containers and List Blobs. A marker names the first item of the next page, so paging survives inserts and
// deletes and costs the same on every page; its form is the service's, "2!{length}!{base64}", and opaque to clients.
#include <algorithm>
#include <charconv>

#include "core/base/encoding.h"
#include "core/blob/acl.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"
#include "core/blob/tags.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::size_t kMaxPage = 5000;
// Asked of the store at once: what the caches hold, and most of it may fall under one prefix.
constexpr std::size_t kBatch = 256;

// Where a page begins. No name has a zero byte, so one parts it from the snapshot's time.
struct Place {
  std::string name = {};
  Time snapshot = kNever;
};

std::string marker_for(const Place& next) {
  std::string place = next.name;
  if (next.snapshot != kNever) place += '\0' + iso8601_full(next.snapshot);
  const std::string text = base64_encode(place);
  return "2!" + std::to_string(text.size()) + "!" + text;
}

Place from_marker(const std::string& marker) {
  if (marker.empty()) return {};
  const Error bad(kOutOfRangeInput, {{"QueryParameterName", "marker"}, {"QueryParameterValue", marker}});
  if (!marker.starts_with("2!")) throw bad;
  const auto second = marker.find('!', 2);
  if (second == std::string::npos) throw bad;
  const auto name = base64_decode(marker.substr(second + 1));
  if (!name || marker.substr(2, second - 2) != std::to_string(marker.size() - second - 1)) throw bad;
  const auto zero = name->find('\0');
  if (zero == std::string::npos) return {*name};
  const auto snapshot = parse_iso8601(std::string_view(*name).substr(zero + 1));
  if (!snapshot) throw bad;
  return {name->substr(0, zero), *snapshot};
}

// The first text, in byte order, behind everything that starts with `prefix`; nullopt when there is none.
std::optional<Place> behind(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return Place{prefix};
}

Document metadata_document(const Parameters& metadata) {
  Document document = Document::object();
  for (const auto& [name, value] : metadata) document[name] = value;
  return document;
}

struct Include {
  bool metadata = false;
  bool uncommitted = false;
  bool copy = false;
  bool snapshots = false;
  bool tags = false;
  bool deleted = false;
  bool policy = false;
  bool legal_hold = false;
};

Include include_from(const Parameters& query) {
  Include include;
  std::string_view rest = query.find("include") ? std::string_view(*query.find("include")) : std::string_view();
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string item = fold(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    include.metadata |= item == "metadata";
    include.uncommitted |= item == "uncommittedblobs";
    include.copy |= item == "copy";
    include.snapshots |= item == "snapshots";
    include.tags |= item == "tags";
    include.deleted |= item == "deleted";
    include.policy |= item == "immutabilitypolicy";
    include.legal_hold |= item == "legalhold";
    // The others ask for versions, which cannot exist here: nothing to add.
  }
  return include;
}

using Names = std::initializer_list<std::pair<const char*, const char*>>;

// Headers, by the names that listings have for them.
void tell_named(const Parameters& headers, const Names& names, ListingSink& sink) {
  for (const auto& [header, element] : names) {
    if (const std::string* value = headers.find(header)) sink.text(element, *value);
  }
}

constexpr Names kLeaseNames = {
    {"x-ms-lease-status", "LeaseStatus"}, {"x-ms-lease-state", "LeaseState"}, {"x-ms-lease-duration", "LeaseDuration"}};

Parameters lease_headers(const Lease& lease, Time now) {
  Parameters headers;
  add_lease_headers(lease, now, headers);
  return headers;
}

// Whole days, the one that has begun not counted: 6 of 7 right after a blob's deletion, as recorded.
std::int64_t days_left(const Deletion& deletion, Time now) {
  return (deletion.until - now - Ticks(1)) / std::chrono::hours(24);
}

void tell_deletion(const Deletion& deletion, Time now, ListingSink& sink) {
  sink.text("DeletedTime", http_date(deletion.at));
  sink.literal("RemainingRetentionDays", std::to_string(days_left(deletion, now)));
}

void tell_content_properties(const BlobEntry& entry, ListingSink& sink) {
  for (const std::string_view name : {"Content-Type", "Content-Encoding", "Content-Language", "Content-CRC64",
                                      "Content-MD5", "Cache-Control", "Content-Disposition"}) {
    const std::string* value = entry.properties.find(name);
    sink.text(name, value ? std::string_view(*value) : std::string_view());
  }
}

void tell_properties(const BlobEntry& entry, const Include& include, Time now, ListingSink& sink) {
  sink.open("Properties");
  if (entry.committed) {  // what has only blocks so far was never written
    sink.text("Creation-Time", http_date(entry.created));
    sink.text("Last-Modified", http_date(entry.modified));
    tell_named(entry.properties, {{"x-ms-expiry-time", "Expiry-Time"}}, sink);
    sink.text("Etag", etag(entry.revision));
  }
  sink.literal("Content-Length", std::to_string(entry.size));
  if (entry.committed) tell_content_properties(entry, sink);
  tell_named(entry.properties, {{"x-ms-blob-sequence-number", "x-ms-blob-sequence-number"}}, sink);
  sink.text("BlobType", to_text(entry.type));
  tell_named(tier_headers(entry),
             {{"x-ms-access-tier", "AccessTier"},
              {"x-ms-access-tier-inferred", "AccessTierInferred"},
              {"x-ms-access-tier-change-time", "AccessTierChangeTime"}},
             sink);
  if (entry.snapshot == kNever) tell_named(lease_headers(entry.lease, now), kLeaseNames, sink);
  if (include.copy && entry.properties.has("x-ms-copy-id")) {
    for (const auto& [header, element] : Names{{"x-ms-copy-id", "CopyId"},
                                               {"x-ms-copy-source", "CopySource"},
                                               {"x-ms-copy-status", "CopyStatus"},
                                               {"x-ms-copy-progress", "CopyProgress"},
                                               {"x-ms-copy-completion-time", "CopyCompletionTime"}}) {
      sink.text(element, entry.properties.get(header));
    }
  }
  sink.literal("ServerEncrypted", entry.committed ? "true" : "false");
  tell_named(
      entry.properties,
      {{"x-ms-encryption-key-sha256", "CustomerProvidedKeySha256"}, {"x-ms-encryption-scope", "EncryptionScope"}},
      sink);
  if (include.policy) {
    tell_named(entry.properties,
               {{"x-ms-immutability-policy-until-date", "ImmutabilityPolicyUntilDate"},
                {"x-ms-immutability-policy-mode", "ImmutabilityPolicyMode"}},
               sink);
  }
  if (include.legal_hold) tell_named(entry.properties, {{"x-ms-legal-hold", "LegalHold"}}, sink);
  if (entry.properties.has("x-ms-blob-sealed")) sink.literal("Sealed", "true");
  if (entry.deleted) tell_deletion(*entry.deleted, now, sink);
  if (!entry.tags.empty())
    sink.literal("TagCount", std::to_string(std::distance(entry.tags.begin(), entry.tags.end())));
  sink.close("Properties");
}

class BlobPage {
 public:
  BlobPage(Request& request, ListingSink& sink)
      : request_(request),
        sink_(sink),
        include_(include_from(request.query())),
        prefix_(request.query().get("prefix")),
        delimiter_(request.query().get("delimiter")),
        size_(page_size(request.query())) {
    if (delimiter_.empty() || !include_.snapshots) return;
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "include"}, {"QueryParameterValue", "snapshots"}});
  }

  // Tells the items and answers the next page's marker; empty: there is none.
  std::string tell() {
    std::optional<Place> from = from_marker(request_.query().get("marker"));
    if (from->name.empty()) from->name = request_.query().get("startFrom");
    while (from && count_ < size_) from = take_batch(*from);
    return from && any_from(*from) ? marker_for(*from) : "";
  }

 private:
  ListRange range(const Place& from, std::size_t limit) const {
    // A deleted blob lies among the snapshots.
    const bool snapshots = include_.snapshots || include_.deleted;
    return {prefix_, from.name, from.snapshot, limit, include_.uncommitted, snapshots, include_.deleted};
  }

  // The blob itself, though deleted, for nothing of its name came later.
  bool is_deleted_blob(const BlobEntry& entry, const BlobEntry* next) const {
    if (!entry.deleted || !entry.deleted->was_blob) return false;
    if (next) return next->name != entry.name;
    ListRange behind = range({entry.name, entry.snapshot + Ticks(1)}, 1);
    behind.prefix = entry.name;
    const auto later = request_.store.list(request_.container(), behind);
    return later.empty() || later.front().name != entry.name;
  }

  bool is_shown(const BlobEntry& entry, bool is_blob) const {
    if (has_ended(entry, request_.now)) return false;
    return is_blob || include_.snapshots;
  }

  bool any_from(Place& from) {
    const auto next = request_.store.list(request_.container(), range(from, 1));
    if (!next.empty()) from = {next.front().name, next.front().snapshot};
    return !next.empty();
  }

  // Answers where to go on; nullopt at the end.
  std::optional<Place> take_batch(const Place& from) {
    const std::size_t limit = std::min(size_ - count_, kBatch);
    const auto batch = request_.store.list(request_.container(), range(from, limit));
    std::string group;  // the prefix last emitted
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const BlobEntry& entry = batch[i];
      if (!group.empty() && entry.name.starts_with(group)) continue;
      const bool is_blob =
          entry.snapshot == kNever || is_deleted_blob(entry, i + 1 < batch.size() ? &batch[i + 1] : nullptr);
      if (!is_shown(entry, is_blob)) continue;
      ++count_;
      const auto cut = delimiter_.empty() ? std::string::npos : entry.name.find(delimiter_, prefix_.size());
      if (cut == std::string::npos) {
        add(entry, is_blob);
      } else {
        group = entry.name.substr(0, cut + delimiter_.size());
        sink_.open("BlobPrefix");
        sink_.text("Name", group);
        sink_.close("BlobPrefix");
      }
    }
    if (batch.empty()) return std::nullopt;
    const BlobEntry& last = batch.back();
    if (!group.empty() && last.name.starts_with(group)) return behind(group);
    if (batch.size() < limit) return std::nullopt;
    return last.snapshot == kNever ? Place{last.name + '\0'} : Place{last.name, last.snapshot + Ticks(1)};
  }

  void add(const BlobEntry& entry, bool is_blob) {
    sink_.open("Blob");
    sink_.text("Name", entry.name);
    if (!is_blob) sink_.text("Snapshot", iso8601_full(entry.snapshot));
    if (entry.deleted) sink_.literal("Deleted", "true");
    tell_properties(entry, include_, request_.now, sink_);
    if (include_.metadata) sink_.document("Metadata", metadata_document(entry.metadata));
    if (include_.tags && !entry.tags.empty()) sink_.document("Tags", tags_document(entry.tags));
    sink_.close("Blob");
  }

  Request& request_;
  ListingSink& sink_;
  Include include_;
  std::string prefix_, delimiter_;
  std::size_t size_;
  std::size_t count_ = 0;
};

// Recorded: a container has a half hour more than its days, and one that was never leased is told as "expired".
void add_deletion(const ContainerEntry& entry, Time now, Document& container, Document& properties) {
  const DeletedName kept = split_deleted_container(entry.name);
  container = {{"Name", kept.name}, {"Deleted", true}, {"Version", kept.version}};
  if (properties["LeaseState"] == "available") properties["LeaseState"] = "expired";
  properties["DeletedTime"] = http_date(entry.deleted->at);
  properties["RemainingRetentionDays"] = days_left(*entry.deleted, now - std::chrono::minutes(30));
}

Document container_document(const ContainerEntry& entry, bool with_metadata, Time now) {
  Document properties = {{"Last-Modified", http_date(entry.modified)}, {"Etag", quoted_etag(entry.revision)}};
  const Parameters lease = lease_headers(entry.lease, now);
  for (const auto& [header, element] : kLeaseNames) {
    if (const std::string* value = lease.find(header)) properties[element] = *value;
  }
  Parameters access;
  add_public_access(entry.access, access);
  for (const auto& [header, value] : access) properties["PublicAccess"] = value;
  properties["DefaultEncryptionScope"] = told_name(entry.scope);
  properties["DenyEncryptionScopeOverride"] = entry.scope.denies_other;
  for (const char* off : {"HasImmutabilityPolicy", "HasLegalHold", "ImmutableStorageWithVersioningEnabled"}) {
    properties[off] = false;
  }
  Document container = {{"Name", entry.name}};
  if (entry.deleted) add_deletion(entry, now, container, properties);
  container["Properties"] = std::move(properties);
  if (with_metadata) container["Metadata"] = metadata_document(entry.metadata);
  return container;
}

}  // namespace

std::size_t page_size(const Parameters& query) {
  const std::string text = query.get("maxresults");
  if (text.empty()) return kMaxPage;
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "maxresults"}, {"QueryParameterValue", text}});
  }
  if (error == std::errc::result_out_of_range && text.front() != '-') return kMaxPage;
  if (value <= 0) {
    throw Error(kOutOfRangeQueryParameterValue,
                {{"QueryParameterName", "maxresults"}, {"QueryParameterValue", text}, {"MinimumAllowed", "1"}});
  }
  return std::min(static_cast<std::size_t>(value), kMaxPage);
}

namespace {

BlobReply list_blobs(Request& request) {
  require_container(request);
  if (request.call.listing) {
    return {.body = Document{{"NextMarker", BlobPage(request, *request.call.listing).tell()}}};
  }
  ListingDocument page;
  std::string next = BlobPage(request, page).tell();
  return {.body = Document{{"Blobs", std::move(page.blobs)},
                           {"BlobPrefixes", std::move(page.prefixes)},
                           {"NextMarker", std::move(next)}}};
}

BlobReply list_containers(Request& request) {
  const Parameters& query = request.query();
  const std::size_t size = page_size(query);
  std::string from = query.get("marker");
  const std::string own = '/' + request.call.account + '/';
  if (from.starts_with(own)) from.erase(0, own.size());
  const Include include = include_from(query);
  auto entries = request.store.list_containers(
      request.call.account,
      {.prefix = query.get("prefix"), .from = from, .limit = size + 1, .deleted = include.deleted});
  std::string next;
  if (entries.size() > size) {
    next = own + entries.back().name;
    entries.pop_back();
  }
  Document containers = Document::array();
  std::erase_if(entries, [&](const ContainerEntry& entry) { return has_ended(entry, request.now); });
  for (const ContainerEntry& entry : entries)
    containers.push_back(container_document(entry, include.metadata, request.now));
  return {.body = Document{{"Containers", std::move(containers)}, {"NextMarker", next}}};
}

}  // namespace

namespace {

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::ListContainers,
     .name = "ListContainers",
     .methods = "GET",
     .levels = kOnAccount,
     .comp = "list",
     .rights = {.resource_type = 's', .account = "l"},
     .run = list_containers},
    {.operation = BlobOperation::ListBlobs,
     .name = "ListBlobs",
     .methods = "GET",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "list",
     .rights = {.service = "l", .resource_type = 'c', .account = "l"},
     .anonymous = PublicAccess::Container,
     .run = list_blobs},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::listing_operations() { return blob_operations::kRows; }
