// Which operation a request of the Blob service is: one table of method, level, restype, comp and header. Operations of
// the service that are not in BlobOperation are rows too, so that they are refused by name.
// Source: the operation pages of learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/backend.h"
#include "core/blob/blob_url.h"
#include "emulator/http/message.h"

namespace batchite {

// What a request is about, its names decoded once.
struct BlobTarget {
  std::string account;
  std::string container = {};
  std::string blob = {};
  std::string endpoint = {};  // of the account as the caller reaches it, with '/' at the end
  bool is_secondary = false;  // the read-only name of the same account
};

// ResourceNotFound: not an account here. InvalidUri: not a form that names can be read from.
BlobTarget blob_target(const http::Request& request, const IsAccount& is_account);

enum class BlobLevel { Account, Container, Blob };

struct BlobRoute {
  std::string_view method;
  BlobLevel level;
  std::string_view restype;                 // empty: none
  std::string_view comp;                    // empty: none
  std::array<std::string_view, 2> headers;  // that tell it from the rows behind it
  std::string_view name;                    // the service's
  std::optional<BlobOperation> operation;   // nullopt: refused
};

std::span<const BlobRoute> blob_routes();

// Also settles what a path of one segment means: a container with restype=container, else a blob of "$root".
// NotImplemented names the operation; a combination that the service does not know gets the service's own code.
const BlobRoute& find_blob_route(const http::Request& request, const Parameters& query, BlobTarget& target);

}  // namespace batchite
