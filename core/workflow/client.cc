#include "core/workflow/client.h"

#include <cassert>

#include "core/base/encoding.h"

namespace batchite::workflow {
namespace {

constexpr unsigned kNotFound = 404;
constexpr std::string_view kContainerExists = "ContainerAlreadyExists";

// The query of the page after: that of the link, but for what a backend adds by itself.
Parameters next_query(const std::string& link) {
  Parameters query;
  const std::size_t mark = link.find('?');
  if (mark == std::string::npos) return query;
  for (const auto& [name, value] : parse_query(link.substr(mark + 1))) {
    if (!same_id(name, "api-version") && !same_id(name, "timeout")) query.add(name, value);
  }
  return query;
}

std::int64_t whole_number(const Document* value) {
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  return value->is_string() ? std::strtoll(value->get<std::string>().c_str(), nullptr, 10) : 0;
}

void add_metadata(BlobCall& call, const Parameters& metadata) {
  for (const auto& [name, value] : metadata) call.headers.add("x-ms-meta-" + name, value);
}

}  // namespace

Reply Client::call(std::string_view operation, const Parameters& path, const Parameters& query, const Document& body) {
  const contract::Operation* row = contract::find_operation(operation);
  assert(row != nullptr);
  return backend_.call({.operation = *row, .path = path, .query = query, .body = body});
}

std::optional<Document> Client::find(std::string_view operation, const Parameters& path, const Parameters& query) {
  try {
    return call(operation, path, query).body;
  } catch (const Error& error) {
    if (error.status() == kNotFound) return std::nullopt;
    throw;
  }
}

void Client::for_each(std::string_view operation, const Parameters& path, const Parameters& query,
                      const std::function<void(const Document&)>& take) {
  Parameters page = query;
  while (true) {
    const Document body = call(operation, path, page).body;
    const Reader answer(body);
    for (const Document& item : answer.array("value")) take(item);
    const std::string link = answer.text("odata.nextLink");
    if (link.empty()) return;
    page = next_query(link);
  }
}

std::vector<Document> Client::list(std::string_view operation, const Parameters& path, const Parameters& query) {
  std::vector<Document> items;
  for_each(operation, path, query, [&](const Document& item) { items.push_back(item); });
  return items;
}

BlobCall Containers::on(BlobOperation operation, const std::string& container, const std::string& blob) const {
  return {.operation = operation, .account = backend_.storage_account(), .container = container, .blob = blob};
}

void Containers::for_each(BlobCall call, std::string_view items, const std::function<void(const Document&)>& take) {
  while (true) {
    const Document body = backend_.blob(call).body;
    const Reader answer(body);
    for (const Document& item : answer.array(items)) take(item);
    const std::string marker = answer.text("NextMarker");
    if (marker.empty()) return;
    call.query.set("marker", marker);
  }
}

bool Containers::create(const std::string& container, const Parameters& metadata) {
  BlobCall call = on(BlobOperation::CreateContainer, container);
  add_metadata(call, metadata);
  try {
    backend_.blob(call);
    return true;
  } catch (const Error& error) {
    if (error.code() != kContainerExists) throw;
    return false;
  }
}

void Containers::remove(const std::string& container) { backend_.blob(on(BlobOperation::DeleteContainer, container)); }

void Containers::set_metadata(const std::string& container, const Parameters& metadata) {
  BlobCall call = on(BlobOperation::SetContainerMetadata, container);
  add_metadata(call, metadata);
  backend_.blob(call);
}

std::vector<ContainerInfo> Containers::list() {
  BlobCall call = on(BlobOperation::ListContainers, "");
  call.query.add("include", "metadata");
  std::vector<ContainerInfo> found;
  for_each(std::move(call), "Containers", [&](const Document& item) {
    const Reader container(item);
    found.push_back({container.text("Name"), container.object("Metadata").document()});
  });
  return found;
}

std::vector<StoredBlob> Containers::blobs(const std::string& container, const std::string& prefix) {
  BlobCall call = on(BlobOperation::ListBlobs, container);
  if (!prefix.empty()) call.query.add("prefix", prefix);
  std::vector<StoredBlob> found;
  for_each(std::move(call), "Blobs", [&](const Document& item) {
    const Reader blob(item);
    const Reader properties = blob.object("Properties");
    const std::int64_t size = whole_number(properties.find("Content-Length"));
    found.push_back({blob.text("Name"), size, properties.text("Etag")});
  });
  return found;
}

void Containers::put(const std::string& container, const std::string& blob, ByteSource& content,
                     const Parameters& metadata) {
  BlobCall call = on(BlobOperation::PutBlob, container, blob);
  call.headers.add("x-ms-blob-type", "BlockBlob");
  if (const auto size = content.size()) call.headers.add("Content-Length", std::to_string(*size));
  add_metadata(call, metadata);
  call.body = &content;
  backend_.blob(call);
}

std::shared_ptr<ByteSource> Containers::get(const std::string& container, const std::string& blob) {
  return backend_.blob(on(BlobOperation::GetBlob, container, blob)).bytes;
}

std::string tail_of(ByteSource& content, std::size_t limit) {
  std::string kept;
  bool cut = false;
  char buffer[16384];
  while (const std::size_t count = content.read(buffer)) {
    kept.append(buffer, count);
    if (kept.size() > limit) {
      kept.erase(0, kept.size() - limit);
      cut = true;
    }
  }
  if (const std::size_t line = kept.find('\n'); cut && line != std::string::npos && line + 1 < kept.size()) {
    kept.erase(0, line + 1);
  }
  std::erase_if(kept, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
  return kept;
}

}  // namespace batchite::workflow
