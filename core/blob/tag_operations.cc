// Tags of a blob, and the blobs of an account or of a container that have certain tags. Tags change neither ETag nor
// Last-Modified. Source: as core/blob/tags.h.
#include "core/base/encoding.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/tags.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::size_t kBatch = 1000;

BlobReply get_blob_tags(Request& request) {
  const BlobEntry entry = existing(request);
  check_read(request, entry);
  return {.body = tags_document(entry.tags)};
}

BlobReply set_blob_tags(Request& request) {
  const Parameters tags = tags_from(request.call.document);
  change_existing(request, [&](BlobEntry& entry) {
    check_write(request, entry);
    entry.tags = tags;
  });
  return {.status = 204};
}

// A marker is the container and the blob that come next, parted by a slash.
struct Finding {
  Request& request;
  TagCondition condition;
  std::size_t size = page_size(request.query());
  std::string from_container = {}, from_blob = {};
  Document blobs = Document::array();
  std::string next = {};

  void start_at(const std::string& marker) {
    if (marker.empty()) return;
    const auto place = base64_decode(marker);
    const auto slash = place ? place->find('/') : std::string::npos;
    if (slash == std::string::npos) throw Error(kOutOfRangeInput, {{"QueryParameterName", "marker"}});
    from_container = place->substr(0, slash);
    from_blob = place->substr(slash + 1);
  }

  void all_containers() {
    for (ListRange range{.from = from_container, .limit = kBatch}; next.empty();) {
      const auto batch = request.store.list_containers(request.call.account, range);
      for (const ContainerEntry& container : batch) {
        in(container.name);
        if (!next.empty()) return;
      }
      if (batch.size() < range.limit) return;
      range.from = batch.back().name + '\0';
    }
  }

  void in(const std::string& container) {
    ListRange range{.from = container == from_container ? from_blob : "", .limit = kBatch, .tagged = true};
    while (true) {
      const auto batch = request.store.list({request.call.account, container}, range);
      for (const BlobEntry& entry : batch) {
        if (has_ended(entry, request.now) || !condition.holds(entry.tags, container)) continue;
        if (blobs.size() == size) {
          next = base64_encode(container + '/' + entry.name);
          return;
        }
        blobs.push_back({{"Name", entry.name}, {"ContainerName", container}, {"Tags", tags_document(entry.tags)}});
      }
      if (batch.size() < range.limit) return;
      range.from = batch.back().name + '\0';
    }
  }

  BlobReply reply() { return {.body = Document{{"Blobs", std::move(blobs)}, {"NextMarker", next}}}; }
};

Finding finding(Request& request) {
  const std::string where = request.query().get("where");
  if (where.empty()) throw Error(kMissingRequiredQueryParameter, {{"QueryParameterName", "where"}});
  Finding found{.request = request, .condition = TagCondition(where, TagCondition::Language::Find, "where")};
  found.start_at(request.query().get("marker"));
  return found;
}

BlobReply find_blobs(Request& request) {
  Finding found = finding(request);
  found.all_containers();
  return found.reply();
}

BlobReply find_blobs_in_container(Request& request) {
  Finding found = finding(request);
  require_container(request);
  found.in(request.call.container);
  return found.reply();
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::GetBlobTags,
     .name = "GetBlobTags",
     .methods = "GET",
     .levels = kOnBlob,
     .comp = "tags",
     .rights = {.service = "t", .account = "t"},
     .answer = "Tags",
     .takes_snapshot = true,
     .run = get_blob_tags},
    {.operation = BlobOperation::SetBlobTags,
     .name = "SetBlobTags",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "tags",
     .rights = {.service = "t", .account = "t"},
     .request = "Tags",
     .run = set_blob_tags},
    {.operation = BlobOperation::FindBlobsByTags,
     .name = "FindBlobsByTags",
     .methods = "GET",
     .levels = kOnAccount,
     .comp = "blobs",
     .rights = {.account = "f"},
     .run = find_blobs},
    {.operation = BlobOperation::FindBlobsByTagsInContainer,
     .name = "FindBlobsByTagsInContainer",
     .methods = "GET",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "blobs",
     .rights = {.service = "f", .resource_type = 'c', .account = "f"},
     .run = find_blobs_in_container},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::tag_operations() { return blob_operations::kRows; }
