// What travels with a blob besides its bytes: metadata (x-ms-meta-NAME), the six content headers, ranges.
// Source:
// learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources and
// .../specifying-the-range-header-for-blob-service-operations. Pure; any thread. Throws Error.
#pragma once
#include <optional>

#include "core/base/parameters.h"
#include "core/blob/blob_store.h"

namespace batchite {

inline constexpr std::string_view kDefaultContentType = "application/octet-stream";

// Names keep their case and are C# identifiers; values are printable ASCII, trimmed. InvalidMetadata, EmptyMetadataKey,
// MetadataTooLarge.
Parameters metadata_from(const Parameters& headers);
void add_metadata(const Parameters& metadata, Parameters& headers);

// The content headers that are to be stored: x-ms-blob-content-type and its five brothers; with `plain`, Content-Type
// and so on where the former is absent. `Content-MD5` comes only from x-ms-blob-content-md5 (checked to be one).
enum class Plain { No, Yes };
Parameters content_properties_from(const Parameters& headers, Plain plain);
bool is_content_property(std::string_view name);
// A write wipes out that the content came by a copy.
Parameters without_copy_state(const Parameters& properties);

// bytes=a-b or bytes=a-, clipped to the size; x-ms-range before Range. nullopt: no range, or a form that the service
// ignores. InvalidRange when it starts behind the end.
std::optional<ByteRange> range_from(const Parameters& headers, std::uint64_t size);

// The value of a header (or property) that is a whole number; nullopt when it is not given. InvalidHeaderValue.
std::optional<std::uint64_t> number_from(const Parameters& headers, std::string_view name);

inline constexpr std::uint64_t kPageSize = 512;
// x-ms-blob-content-length: whole pages, up to 8 TiB. MissingRequiredHeader, InvalidHeaderValue.
std::uint64_t page_blob_size_from(const Parameters& headers);

// The tier in x-ms-access-tier, in the service's spelling: Hot, Cool, Cold and Archive of block blobs, P4 to P80 of
// page blobs; nullopt when not given. InvalidHeaderValue, AccessTierNotSupportedForBlobType.
inline constexpr std::string_view kArchiveTier = "Archive";
std::optional<std::string> access_tier_from(const Parameters& headers, BlobType type);
bool is_archived(const BlobEntry& entry);
// x-ms-access-tier and what belongs to it, as HEAD answers; the tier of who set none is inferred. None of append blobs.
Parameters tier_headers(const BlobEntry& entry);

}  // namespace batchite
