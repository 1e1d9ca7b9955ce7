#include "core/blob/properties.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "core/base/encoding.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::string_view kMetaPrefix = "x-ms-meta-";
constexpr std::size_t kMaxMetadataBytes = 8192;
constexpr std::uint64_t kMaxPageBlob = std::uint64_t{8} << 40;

struct ContentHeader {
  std::string_view plain;
  std::string_view blob;
};
constexpr ContentHeader kContentHeaders[] = {
    {"Content-Type", "x-ms-blob-content-type"},         {"Content-Encoding", "x-ms-blob-content-encoding"},
    {"Content-Language", "x-ms-blob-content-language"}, {"Content-MD5", "x-ms-blob-content-md5"},
    {"Cache-Control", "x-ms-blob-cache-control"},       {"Content-Disposition", "x-ms-blob-content-disposition"},
};

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (!letter(name.front())) return false;
  for (const char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::string trimmed(const std::string& text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == 0x7f) return false;  // char is signed here: bytes from 0x80 on are below 0x20, too
  }
  return true;
}

std::string with_value(std::string_view header, const Parameters& headers) { return trimmed(headers.get(header)); }

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Parameters metadata_from(const Parameters& headers) {
  Parameters metadata;
  std::size_t bytes = 0;
  for (const auto& [header, value] : headers) {
    if (header.size() < kMetaPrefix.size() || !same_id(header.substr(0, kMetaPrefix.size()), kMetaPrefix)) continue;
    const std::string name = header.substr(kMetaPrefix.size());
    if (name.empty()) throw Error(kEmptyMetadataKey);
    if (!is_identifier(name) || metadata.has(name)) throw Error(kInvalidMetadata, {{"MetadataName", name}});
    const std::string text = trimmed(value);
    if (!is_printable(text)) throw Error(kInvalidMetadata, {{"MetadataName", name}});
    bytes += name.size() + text.size();
    metadata.add(name, text);
  }
  if (bytes > kMaxMetadataBytes) throw Error(kMetadataTooLarge);
  return metadata;
}

void add_metadata(const Parameters& metadata, Parameters& headers) {
  for (const auto& [name, value] : metadata) headers.add(std::string(kMetaPrefix) + name, value);
}

Parameters content_properties_from(const Parameters& headers, Plain plain) {
  Parameters properties;
  for (const auto& [name, blob] : kContentHeaders) {
    std::string value = with_value(blob, headers);
    if (value.empty() && plain == Plain::Yes && name != "Content-MD5") value = with_value(name, headers);
    if (value.empty()) continue;
    if (name == "Content-MD5") {
      const auto digest = base64_decode(value);
      if (!digest || digest->size() != 16) throw Error(kInvalidMd5);
    }
    properties.add(std::string(name), std::move(value));
  }
  return properties;
}

bool is_content_property(std::string_view name) {
  for (const ContentHeader& header : kContentHeaders) {
    if (same_id(header.plain, name)) return true;
  }
  return false;
}

Parameters without_copy_state(const Parameters& properties) {
  return properties.without([](std::string_view name) { return name.starts_with("x-ms-copy-"); });
}

std::optional<ByteRange> range_from(const Parameters& headers, std::uint64_t size) {
  std::string text = with_value("x-ms-range", headers);
  if (text.empty()) text = with_value("Range", headers);
  constexpr std::string_view kUnit = "bytes=";
  if (text.size() < kUnit.size() || !same_id(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  const auto dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto first = number(std::string_view(text).substr(kUnit.size(), dash - kUnit.size()));
  const std::string_view tail = std::string_view(text).substr(dash + 1);
  const auto last = tail.empty() ? std::optional(UINT64_MAX) : number(tail);
  if (!first || !last || *first > *last) return std::nullopt;
  if (*first >= size) throw Error(kInvalidRange, {{"Content-Range", "bytes */" + std::to_string(size)}});
  return ByteRange{*first, std::min(*last, size - 1) - *first + 1};
}

std::optional<std::uint64_t> number_from(const Parameters& headers, std::string_view name) {
  const std::string text = with_value(name, headers);
  if (text.empty()) return std::nullopt;
  const auto value = number(text);
  if (!value) throw Error(kInvalidHeaderValue, {{"HeaderName", std::string(name)}, {"HeaderValue", text}});
  return value;
}

std::uint64_t page_blob_size_from(const Parameters& headers) {
  constexpr std::string_view kName = "x-ms-blob-content-length";
  const auto size = number_from(headers, kName);
  if (!size) throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(kName)}});
  if (*size % kPageSize == 0 && *size <= kMaxPageBlob) return *size;
  throw Error(kInvalidHeaderValue, {{"HeaderName", std::string(kName)}, {"HeaderValue", std::to_string(*size)}});
}

std::optional<std::string> access_tier_from(const Parameters& headers, BlobType type) {
  constexpr std::string_view kOfBlocks[] = {"Hot", "Cool", "Cold", kArchiveTier};
  constexpr std::string_view kOfPages[] = {"P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80"};
  const std::string tier = with_value("x-ms-access-tier", headers);
  if (tier.empty()) return std::nullopt;
  const std::pair<BlobType, std::span<const std::string_view>> known[] = {{BlobType::Block, kOfBlocks},
                                                                          {BlobType::Page, kOfPages}};
  for (const auto& [its_type, names] : known) {
    const auto found = std::ranges::find_if(names, [&](std::string_view name) { return same_id(tier, name); });
    if (found == names.end()) continue;
    if (type != its_type) throw Error(kAccessTierNotSupportedForBlobType);
    return std::string(*found);
  }
  throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-access-tier"}, {"HeaderValue", tier}});
}

bool is_archived(const BlobEntry& entry) { return entry.properties.get("x-ms-access-tier") == kArchiveTier; }

Parameters tier_headers(const BlobEntry& entry) {
  Parameters headers;
  const bool is_set = entry.properties.has("x-ms-access-tier");
  if (entry.type == BlobType::Append || (entry.type == BlobType::Page && !is_set)) return headers;
  headers.add("x-ms-access-tier", entry.properties.get("x-ms-access-tier", "Hot"));
  if (!is_set) headers.add("x-ms-access-tier-inferred", "true");
  if (const std::string* time = entry.properties.find("x-ms-access-tier-change-time")) {
    headers.add("x-ms-access-tier-change-time", *time);
  }
  return headers;
}

}  // namespace batchite
