// Bytes between files of a node and blobs anywhere. A URL of our own blob service is answered by it directly, with the
// signature checked as its HTTP side would; any other goes over HTTP. Blocks until done; any thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "backends/http/http_client.h"
#include "core/blob/blob_service.h"
#include "core/blob/blob_url.h"

namespace batchite {

// How a transfer went wrong.
struct TransferError {
  unsigned status = 0;    // HTTP; 0: no answer
  std::string code = {};  // the service's, if it gave one
  std::string message = {};
  bool timed_out = false;
  int disk_error = 0;  // errno of the local file
  bool denied() const { return status == 401 || status == 403 || code == "PublicAccessNotPermitted"; }
  bool missing() const { return status == 404; }
};
using Transferred = std::optional<TransferError>;  // nothing: done

// Where a container or blob lies and by which right it is used.
struct BlobLocation {
  std::string url;
  bool has_identity = false;  // the node's identity may use it: then our own service asks for no signature
};

class BlobTransfer {
 public:
  // `endpoints`: base URLs that are our own ("http://127.0.0.1:10000"). Host-style URLs of our accounts always are.
  BlobTransfer(BlobService& service, std::vector<std::string> endpoints, HttpOptions http);

  // The file's content becomes the blob's.
  Transferred download(const BlobLocation& blob, int file);
  struct Listing {
    std::vector<std::string> names = {};
    Transferred error = {};
  };
  Listing list(const BlobLocation& container, const std::string& prefix);
  // Content-* headers among `headers` are stored as the blob's properties.
  struct Upload {
    BlobLocation container;
    std::string blob;
    int file;
    std::uint64_t size;
    Parameters headers = {};
  };
  Transferred upload(const Upload& upload);

  // The URL of a blob in the container, with the container's query.
  static std::string blob_url(const std::string& container_url, const std::string& blob);
  bool is_own(const std::string& url) const { return own(url).has_value(); }

 private:
  std::optional<BlobUrl> own(const std::string& url) const;
  SasGrant check(const BlobUrl& url, BlobOperation operation, bool has_identity) const;
  Transferred download_own(const BlobUrl& url, bool has_identity, int file);
  Listing list_own(const BlobUrl& url, bool has_identity, const std::string& prefix);
  Listing list_remote(const std::string& url, const std::string& prefix);
  void upload_own(BlobUrl url, const Upload& upload);
  Transferred upload_remote(const Upload& upload);
  Transferred upload_blocks(const Upload& upload, const std::string& url, const Parameters& headers);

  BlobService& service_;
  std::vector<std::string> endpoints_;
  HttpClient http_;
};

}  // namespace batchite
