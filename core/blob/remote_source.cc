#include "core/blob/remote_source.h"

#include "core/base/encoding.h"
#include "core/blob/blob_xml.h"
#include "core/blob/errors.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;

// What is sent to us for the source, and how it goes there. Sources that are no blobs ignore most of it.
constexpr std::pair<std::string_view, std::string_view> kForwarded[] = {
    {"x-ms-source-range", "Range"},
    {"x-ms-source-if-match", "If-Match"},
    {"x-ms-source-if-none-match", "If-None-Match"},
    {"x-ms-source-if-modified-since", "If-Modified-Since"},
    {"x-ms-source-if-unmodified-since", "If-Unmodified-Since"},
    {"x-ms-source-if-tags", "x-ms-if-tags"},
    {"x-ms-copy-source-authorization", "Authorization"},
};

// A part of what another source gives.
class PartSource : public ByteSource {
 public:
  PartSource(std::shared_ptr<ByteSource> whole, ByteRange part) : whole_(std::move(whole)), part_(part) {}
  std::size_t read(std::span<char> into) override {
    while (part_.offset > 0) {
      const std::size_t count = whole_->read(into.first(std::min<std::uint64_t>(into.size(), part_.offset)));
      if (count == 0) return 0;
      part_.offset -= count;
    }
    const std::size_t count = whole_->read(into.first(std::min<std::uint64_t>(into.size(), part_.size)));
    part_.size -= count;
    return count;
  }

 private:
  std::shared_ptr<ByteSource> whole_;
  ByteRange part_;
};

Parameters asked_of_source(const Parameters& headers) {
  Parameters asked = {{"x-ms-version", "2021-12-02"}};
  for (const auto& [ours, theirs] : kForwarded) {
    const std::string* value = headers.find(ours);
    if (value && !value->empty()) asked.add(std::string(theirs), *value);
  }
  return asked;
}

[[noreturn]] void throw_answer(const Request& request, const SourceAnswer& answer) {
  if (answer.status == 412 && request.call.operation == BlobOperation::CopyBlob) throw Error(kSourceConditionNotMet);
  std::string body(kMaxErrorBody, '\0');
  body.resize(answer.bytes ? read_fully(*answer.bytes, body) : 0);
  const Error told = read_error(body, answer.status, "");  // by a blob service
  std::string message = told.message().substr(0, told.message().find('\n'));
  if (message.empty()) message = answer.reason.empty() ? std::string(kCannotVerifyCopySource.message) : answer.reason;
  std::vector<ErrorValue> values = {{"CopySourceStatusCode", std::to_string(answer.status)}};
  const std::string code = answer.headers.get("x-ms-error-code", told.code());
  if (!code.empty()) values.push_back({"CopySourceErrorCode", code});
  // What is neither found nor refused, a redirect without end for one, is no failure that clients know.
  throw_unverified(answer.status < 304 ? kCannotVerifyCopySource.status : answer.status, message, std::move(values));
}

BlobType type_of(const SourceAnswer& answer) {
  const auto type = blob_type_from(answer.headers.get("x-ms-blob-type")).value_or(BlobType::Block);
  const auto size = answer.bytes->size();
  return type == BlobType::Page && (!size || *size % kPageSize != 0) ? BlobType::Block : type;
}

BlobEntry entry_of(const SourceAnswer& answer) {
  BlobEntry entry;
  entry.size = answer.bytes->size().value_or(0);
  entry.type = type_of(answer);
  entry.metadata = metadata_from(answer.headers);
  entry.properties = content_properties_from(answer.headers, Plain::Yes);
  const std::string digest = answer.headers.get("Content-MD5");
  if (base64_decode(digest).value_or("").size() == 16) entry.properties.set("Content-MD5", digest);
  constexpr std::pair<BlobType, std::string_view> kOfTypes[] = {{BlobType::Append, "x-ms-blob-committed-block-count"},
                                                                {BlobType::Page, "x-ms-blob-sequence-number"}};
  for (const auto& [type, name] : kOfTypes) {
    if (entry.type == type) entry.properties.set(name, answer.headers.get(name, "0"));
  }
  if (entry.type == BlobType::Page && entry.size > 0) entry.pages = {{0, entry.size}};
  return entry;
}

// A source may ignore the range and give everything; another part than asked for is no answer.
void take_part(SourceAnswer& answer, const ByteRange& range) {
  if (answer.status == 200) {
    answer.bytes = std::make_shared<PartSource>(std::move(answer.bytes), range);
    return;
  }
  const std::string wanted = "bytes " + std::to_string(range.offset) + '-';
  if (answer.headers.get("Content-Range").starts_with(wanted)) return;
  throw_unverified(kCannotVerifyCopySource.status, "The copy source gives another range than asked for.");
}

}  // namespace

void throw_unverified(unsigned status, const std::string& message, std::vector<ErrorValue> values) {
  throw Error(status, std::string(kCannotVerifyCopySource.code), message, std::move(values));
}

CopySource open_remote_source(Request& request, const std::string& url) {
  const std::string scheme = fold(std::string_view(url).substr(0, url.find("://")));
  if (scheme != "http" && scheme != "https") {
    throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-copy-source"}, {"HeaderValue", url}});
  }
  SourceReader* const reader = request.service.sources().elsewhere;
  if (!reader) throw_unverified(403, "Only blobs of this service are copied: --copy-sources own.");
  const auto range = source_range_from(request.headers(), UINT64_MAX);
  SourceAnswer answer = reader->get(url, asked_of_source(request.headers()));
  if (answer.status != 200 && answer.status != 206) throw_answer(request, answer);
  if (range) take_part(answer, *range);
  return {.entry = entry_of(answer), .bytes = std::move(answer.bytes)};
}

}  // namespace batchite::blob_operations
