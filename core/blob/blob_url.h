// URLs of containers and blobs, in path style (http://127.0.0.1:10000/account/container/blob) and in host style
// (https://account.blob.core.windows.net/container/blob, http://account.blob.localhost:10000/…). Names come out decoded
// once, with every '/' and '.' as it stood. Pure; any thread; nothing throws.
// Source: learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace batchite {

struct BlobUrl {
  std::string endpoint;  // "http://127.0.0.1:10000", lower case
  std::string account;
  std::string container;  // empty: the account itself
  std::string blob;       // empty: the container itself
  std::string query;      // raw, without '?'
  bool is_host_style = false;
};

// Whether a name is that of an account. Host style is read only where the host's first label is one, since any other
// name with dots may be a machine's.
using IsAccount = std::function<bool(std::string_view)>;

// nullopt: not http(s), or an account that `is_account` does not know.
std::optional<BlobUrl> parse_blob_url(std::string_view url, const IsAccount& is_account);

// The reverse, below the account: "/container/a%20b/c"; "/" for the account itself.
std::string blob_path(std::string_view container, std::string_view blob);

}  // namespace batchite
