// Set Blob Expiry: from then on the blob is not there any more, nor kept as a deleted one. At Azure it is for accounts
// with a hierarchical namespace alone; here any blob may have an end.
// Source: learn.microsoft.com/rest/api/storageservices/set-blob-expiry.
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::string_view kOption = "x-ms-expiry-option", kTime = "x-ms-expiry-time";

[[noreturn]] void refuse(const Parameters& headers, std::string_view name) {
  const std::string value = headers.get(name);
  throw Error(value.empty() ? kMissingRequiredHeader : kInvalidHeaderValue,
              {{"HeaderName", std::string(name)}, {"HeaderValue", value}});
}

// nullopt: never. Times are told to the second, so an end between two is put off.
std::optional<Time> expiry_from(const Parameters& headers, Time created, Time now) {
  const std::string option = fold(headers.get(kOption));
  if (option == "neverexpire") return std::nullopt;
  std::optional<Time> expiry;
  if (option == "absolute") {
    expiry = parse_http_date(headers.get(kTime));
  } else if (option == "relativetonow" || option == "relativetocreation") {
    constexpr std::uint64_t kMost = std::uint64_t{100} * 365 * 24 * 3600 * 1000;  // a hundred years
    const auto after = number_from(headers, kTime);
    if (!after || *after > kMost) refuse(headers, kTime);
    const Time from = option == "relativetonow" ? now : created;
    expiry = from + std::chrono::milliseconds(*after);
  } else {
    refuse(headers, kOption);
  }
  if (!expiry || *expiry <= now) refuse(headers, kTime);
  return std::chrono::ceil<std::chrono::seconds>(*expiry);
}

Parameters with_expiry(const Parameters& properties, std::optional<Time> expiry) {
  Parameters changed = properties.without([](std::string_view name) { return name == kTime; });
  if (expiry) changed.add(std::string(kTime), http_date(*expiry));
  return changed;
}

BlobReply set_blob_expiry(Request& request) {
  BlobReply reply;
  change_existing(request, [&](BlobEntry& entry) {
    check_write(request, entry);
    entry.properties = with_expiry(entry.properties, expiry_from(request.headers(), entry.created, request.now));
    reply.headers = stamp(version_of(entry));
  });
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::SetBlobExpiry,
     .name = "SetBlobExpiry",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "expiry",
     .rights = {.service = "w", .account = "w"},
     .run = set_blob_expiry},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::expiry_operations() { return blob_operations::kRows; }
