// What there is to know of each operation of the Blob service, in one row: how it looks on the wire, which signatures
// allow it, what may be sent along, and the function that does it. Rows stand in the file of their function; the table
// gathers them. Operations without a function are refused by name.
// Source: the operation pages of learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "core/backend.h"
#include "core/blob/entries.h"

namespace batchite {

namespace blob_operations {
struct Request;
}

// What a request's path names; rows may allow several.
enum BlobLevel : unsigned { kOnAccount = 1, kOnContainer = 2, kOnBlob = 4 };

// Which conditional headers an operation takes; others are refused.
enum class Takes { NoConditions, ModifiedSince, Dates, All };

// Letters of a shared access signature, any of which will do. An empty set: never by a signature of that kind.
struct BlobRights {
  std::string_view service = {};
  char resource_type = 'o';  // that an account signature must name in `srt`; '*': any
  std::string_view account = {};
};

struct BlobOperationRow {
  BlobOperation operation;
  std::string_view name;     // the service's
  std::string_view methods;  // "GET HEAD"
  unsigned levels;
  std::string_view restype = {};  // empty: none
  std::string_view comp = {};     // empty: none
  // Headers and query parameters that must be there; of the rows that fit, the one that names most is meant.
  std::array<std::string_view, 2> headers = {};
  std::string_view parameter = {};
  BlobRights rights = {};
  Takes takes = Takes::NoConditions;
  std::string_view request = {};  // the root element of the XML that comes in; empty: none
  std::string_view answer = {};   // and of what goes out, unless it is a listing
  bool takes_snapshot = false;    // may be asked of a snapshot
  // The least that a container must be opened to the public for it to be done without authorisation; None: never.
  PublicAccess anonymous = PublicAccess::None;
  BlobReply (*run)(blob_operations::Request& request) = nullptr;
};

const std::vector<BlobOperationRow>& blob_operation_rows();
const BlobOperationRow& blob_operation_row(BlobOperation operation);

// The row of what is on the wire. Throws NotImplemented naming the operation, and the service's own code for a
// combination that the service does not know.
const BlobOperationRow& find_blob_operation(std::string_view method, BlobLevel level, const Parameters& query,
                                            const Parameters& headers);

std::span<const BlobOperationRow> service_operations();
std::span<const BlobOperationRow> container_operations();
std::span<const BlobOperationRow> listing_operations();
std::span<const BlobOperationRow> delegation_operations();
std::span<const BlobOperationRow> whole_blob_operations();
std::span<const BlobOperationRow> put_operations();
std::span<const BlobOperationRow> tag_operations();
std::span<const BlobOperationRow> tier_operations();
std::span<const BlobOperationRow> append_operations();
std::span<const BlobOperationRow> page_operations();
std::span<const BlobOperationRow> snapshot_operations();
std::span<const BlobOperationRow> delete_operations();
std::span<const BlobOperationRow> protect_operations();
std::span<const BlobOperationRow> expiry_operations();
std::span<const BlobOperationRow> block_operations();
std::span<const BlobOperationRow> copy_operations();
std::span<const BlobOperationRow> lease_operations();
std::span<const BlobOperationRow> refused_blob_operations();

}  // namespace batchite
