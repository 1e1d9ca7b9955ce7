// What a request of the Blob service is about, by the table of core/blob/operation_table.h which operation it is, and a
// reply as the answer to it.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <string>
#include <string_view>

#include "core/blob/blob_url.h"
#include "core/blob/operation_table.h"
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

// Also settles what a path of one segment means: a container with restype=container, else a blob of "$root".
// NotImplemented names the operation; a combination that the service does not know gets the service's own code.
const BlobOperationRow& find_blob_route(const http::Request& request, const Parameters& query, BlobTarget& target);

// A reply without a document. The length is the server's to say, but for HEAD, where there is no body to tell it from.
http::Response to_response(BlobReply reply, bool is_head);

}  // namespace batchite
