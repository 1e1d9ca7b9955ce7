#include "backends/local/blob_transfer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <pugixml.hpp>

#include "backends/local/blob_files.h"
#include "core/base/encoding.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

constexpr std::uint64_t kMaxPutBlob = std::uint64_t{256} << 20;
constexpr std::uint64_t kRemoteBlock = std::uint64_t{100} << 20;
constexpr std::uint64_t kOwnBlock = std::uint64_t{4000} << 20;  // the largest: nothing is sent, so larger is better
constexpr const char* kVersion = "2021-12-02";

struct BaseAndQuery {
  std::string base;
  std::string query;
};
BaseAndQuery split(const std::string& url) {
  const auto mark = url.find('?');
  if (mark == std::string::npos) return {url, ""};
  return {url.substr(0, mark), url.substr(mark + 1)};
}

std::string with_query(const std::string& url, const std::string& more) {
  return url + (url.find('?') == std::string::npos ? '?' : '&') + more;
}

TransferError error_of(const Error& error) {
  const auto* disk = dynamic_cast<const DiskError*>(&error);
  return {.status = error.status(),
          .code = error.code(),
          .message = error.message(),
          .disk_error = disk ? disk->number() : 0};
}

Transferred error_of(const HttpAnswer& answer) {
  if (answer.ok()) return std::nullopt;
  const std::string code = answer.error_code();
  TransferError error{.status = answer.status,
                      .code = code,
                      .message = answer.error,
                      .timed_out = answer.timed_out,
                      .disk_error = answer.write_error};
  if (answer.status != 0) error.message = fmt::format("HTTP {}{}{}", answer.status, code.empty() ? "" : " ", code);
  return error;
}

// Runs an operation of our own service, whose failures are thrown.
template <class Function>
Transferred guarded(const Function& function) {
  try {
    function();
    return std::nullopt;
  } catch (const Error& error) {
    return error_of(error);
  }
}

void copy_out(ByteSource& source, int file) {
  if (const auto given = source.file()) return copy_range(given->descriptor, given->offset, given->size, file);
  const std::size_t capacity = std::size_t{256} << 10;
  const auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  while (const std::size_t count = source.read({buffer.get(), capacity})) write_all(file, {buffer.get(), count});
}

// A part of a file that somebody else keeps open.
class BorrowedFile : public ByteSource {
 public:
  BorrowedFile(int file, ByteRange range) : file_(file), at_(range.offset), left_(range.size) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t wanted = std::min<std::uint64_t>(into.size(), left_);
    if (wanted == 0) return 0;
    const ssize_t count = ::pread(file_, into.data(), wanted, static_cast<off_t>(at_));
    if (count <= 0) throw_disk_error(count < 0 ? errno : EIO, "reading a file");
    at_ += static_cast<std::uint64_t>(count);
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
  std::optional<std::uint64_t> size() const override { return left_; }
  std::optional<File> file() const override { return File{file_, at_, left_}; }

 private:
  int file_;
  std::uint64_t at_, left_;
};

// Content-Type and its brothers by the names under which they are stored also with a block list.
Parameters stored_headers(const Parameters& given) {
  Parameters headers;
  for (const auto& [name, value] : given) {
    const std::string folded = fold(name);
    const bool is_content = folded == "content-type" || folded == "content-encoding" || folded == "content-language" ||
                            folded == "content-disposition" || folded == "cache-control";
    headers.set(is_content ? "x-ms-blob-" + folded : name, value);
  }
  return headers;
}

std::string block_id(std::uint64_t number) { return base64_encode(fmt::format("{:08}", number)); }

std::vector<std::string> names_in(const pugi::xml_document& document) {
  std::vector<std::string> names;
  for (const pugi::xml_node& blob : document.child("EnumerationResults").child("Blobs").children("Blob")) {
    const pugi::xml_node name = blob.child("Name");
    const std::string text = name.text().get();
    names.push_back(name.attribute("Encoded").as_bool() ? percent_decode(text) : text);
  }
  return names;
}

}  // namespace

BlobTransfer::BlobTransfer(BlobService& service, std::vector<std::string> endpoints, HttpOptions http)
    : service_(service), endpoints_(std::move(endpoints)), http_(http) {
  for (std::string& endpoint : endpoints_) {
    endpoint = fold(endpoint);
    while (endpoint.ends_with('/')) endpoint.pop_back();
  }
}

std::optional<BlobUrl> BlobTransfer::own(const std::string& url) const {
  auto parsed = parse_blob_url(url, [this](std::string_view name) { return service_.account(name) != nullptr; });
  if (!parsed) return std::nullopt;
  const bool ours =
      parsed->is_host_style || std::find(endpoints_.begin(), endpoints_.end(), parsed->endpoint) != endpoints_.end();
  return ours ? parsed : std::nullopt;
}

SasGrant BlobTransfer::check(const BlobUrl& url, BlobOperation operation, bool has_identity) const {
  if (has_identity) return {};
  return check_sas(url.query, *service_.account(url.account),
                   {.operation = operation,
                    .container = url.container,
                    .blob = url.blob,
                    .now = service_.now(),
                    .is_https = url.endpoint.starts_with("https:"),
                    .policies = [&] {
                      return service_.policies({url.account, url.container});
                    }});
}

Transferred BlobTransfer::download(const BlobLocation& blob, int file) {
  if (const auto url = own(blob.url)) return download_own(*url, blob.has_identity, file);
  return error_of(http_.download(blob.url, file));
}

Transferred BlobTransfer::download_own(const BlobUrl& url, bool has_identity, int file) {
  return guarded([&] {
    check(url, BlobOperation::GetBlob, has_identity);
    const BlobReply reply = service_.call(
        {.operation = BlobOperation::GetBlob, .account = url.account, .container = url.container, .blob = url.blob});
    copy_out(*reply.bytes, file);
  });
}

BlobTransfer::Listing BlobTransfer::list(const BlobLocation& container, const std::string& prefix) {
  if (const auto url = own(container.url)) return list_own(*url, container.has_identity, prefix);
  return list_remote(container.url, prefix);
}

BlobTransfer::Listing BlobTransfer::list_own(const BlobUrl& url, bool has_identity, const std::string& prefix) {
  Listing listing;
  listing.error = guarded([&] {
    check(url, BlobOperation::ListBlobs, has_identity);
    std::string marker;
    do {
      const BlobReply page = service_.call({.operation = BlobOperation::ListBlobs,
                                            .account = url.account,
                                            .container = url.container,
                                            .query = {{"prefix", prefix}, {"marker", marker}}});
      for (const Document& blob : page.body.at("Blobs")) listing.names.push_back(blob.at("Name").get<std::string>());
      marker = page.body.at("NextMarker").get<std::string>();
    } while (!marker.empty());
  });
  return listing;
}

BlobTransfer::Listing BlobTransfer::list_remote(const std::string& url, const std::string& prefix) {
  Listing listing;
  std::string marker;
  do {
    const std::string page_url = with_query(
        url, "restype=container&comp=list&prefix=" + percent_encode(prefix) + "&marker=" + percent_encode(marker));
    const HttpAnswer answer = http_.get(page_url);
    if ((listing.error = error_of(answer))) return listing;
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(answer.body.data(), answer.body.size());
    if (!parsed || !document.child("EnumerationResults")) {
      listing.error = TransferError{.status = answer.status, .message = "the answer is not a list of blobs"};
      return listing;
    }
    for (std::string& name : names_in(document)) listing.names.push_back(std::move(name));
    marker = document.child("EnumerationResults").child("NextMarker").text().get();
  } while (!marker.empty());
  return listing;
}

std::string BlobTransfer::blob_url(const std::string& container_url, const std::string& blob) {
  auto [base, query] = split(container_url);
  while (base.ends_with('/')) base.pop_back();
  return base + '/' + percent_encode_path(blob) + (query.empty() ? "" : '?' + query);
}

Transferred BlobTransfer::upload(const Upload& upload) {
  if (auto url = own(upload.container.url)) {
    return guarded([&] { upload_own(*url, upload); });
  }
  return upload_remote(upload);
}

void BlobTransfer::upload_own(BlobUrl url, const Upload& upload) {
  url.blob = url.blob.empty() ? upload.blob : url.blob + '/' + upload.blob;
  const bool in_blocks = upload.size > kMaxPutBlob;
  const SasGrant grant =
      check(url, in_blocks ? BlobOperation::PutBlockList : BlobOperation::PutBlob, upload.container.has_identity);
  BlobCall call{.operation = BlobOperation::PutBlob,
                .account = url.account,
                .container = url.container,
                .blob = url.blob,
                .headers = stored_headers(upload.headers)};
  call.headers.set("x-ms-blob-type", "BlockBlob");
  call.may_overwrite = grant.may_overwrite;
  if (!in_blocks) {
    BorrowedFile body(upload.file, {0, upload.size});
    call.body = &body;
    service_.call(call);
    return;
  }
  Document list = Document::array();
  for (std::uint64_t at = 0; at < upload.size; at += kOwnBlock) {
    BorrowedFile body(upload.file, {at, std::min(kOwnBlock, upload.size - at)});
    const std::string id = block_id(list.size());
    service_.call({.operation = BlobOperation::PutBlock,
                   .account = url.account,
                   .container = url.container,
                   .blob = url.blob,
                   .query = {{"blockid", id}},
                   .body = &body});
    list.push_back({{"id", id}, {"list", "latest"}});
  }
  call.operation = BlobOperation::PutBlockList;
  call.document = std::move(list);
  service_.call(call);
}

Transferred BlobTransfer::upload_remote(const Upload& upload) {
  const std::string url = blob_url(upload.container.url, upload.blob);
  Parameters headers = stored_headers(upload.headers);
  headers.set("x-ms-version", kVersion);
  if (upload.size > kMaxPutBlob) return upload_blocks(upload, url, headers);
  headers.set("x-ms-blob-type", "BlockBlob");
  return error_of(http_.put(url, headers, HttpBody{upload.file, 0, upload.size}));
}

Transferred BlobTransfer::upload_blocks(const Upload& upload, const std::string& url, const Parameters& headers) {
  std::string list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  const Parameters plain = {{"x-ms-version", kVersion}};
  for (std::uint64_t at = 0, number = 0; at < upload.size; at += kRemoteBlock, ++number) {
    const std::string id = block_id(number);
    const HttpBody part{upload.file, at, std::min(kRemoteBlock, upload.size - at)};
    const std::string block_url = with_query(url, "comp=block&blockid=" + percent_encode(id));
    if (auto error = error_of(http_.put(block_url, plain, part))) return error;
    list += "<Latest>" + id + "</Latest>";
  }
  return error_of(http_.put(with_query(url, "comp=blocklist"), headers, list + "</BlockList>"));
}

}  // namespace batchite
