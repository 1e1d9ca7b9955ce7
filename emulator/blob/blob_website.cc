#include "emulator/blob/blob_website.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/blob/errors.h"
#include "emulator/blob/blob_routes.h"

namespace batchite {
namespace {

using namespace blob_errors;

// What browsers send that GET Blob looks at.
constexpr std::string_view kPassedOn[] = {"Range", "If-Match", "If-None-Match", "If-Modified-Since",
                                          "If-Unmodified-Since"};

std::string without_slash(std::string path) { return path.starts_with('/') ? path.substr(1) : path; }

// The name below $web: the index document of a folder is named for all of them, or once for the root.
std::string page_of(const std::string& path, const Reader& website) {
  const std::string name = without_slash(percent_decode(path));
  const bool is_folder = name.empty() || name.ends_with('/');
  if (!is_folder) return name;
  const std::string index = website.text("IndexDocument");
  return index.empty() ? without_slash(website.text("DefaultIndexDocumentPath")) : name + index;
}

http::Response read_page(Backend& backend, const std::string& account, const std::string& page,
                         const http::Request& request, bool with_conditions) {
  const bool is_head = request.method == "HEAD";
  if (page.empty()) throw Error(kBlobNotFound);
  BlobCall call{.operation = is_head ? BlobOperation::GetBlobProperties : BlobOperation::GetBlob,
                .account = account,
                .container = "$web",
                .blob = page};
  for (const std::string_view name : kPassedOn) {
    const std::string* value = request.headers.find(name);
    if (value && with_conditions) call.headers.add(std::string(name), *value);
  }
  return to_response(backend.blob(call), is_head);
}

bool is_missing(const Error& error) { return error.is(kBlobNotFound) || error.is(kContainerNotFound); }

}  // namespace

std::string website_account(const http::Request& request, const IsAccount& is_account) {
  const auto web = request.base.find(".web.");  // most requests have none
  if (web == std::string::npos) return {};
  const std::string host = fold(request.base.substr(request.base.find("://") + 3));
  const std::string account = host.substr(0, host.find('.')), rest = host.substr(account.size());
  const bool is_web = rest.starts_with(".web.") || rest.find(".web.core.") != std::string::npos;
  return is_web && is_account(account) ? account : std::string();
}

http::Response answer_website(Backend& backend, const std::string& account, const http::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") throw Error(kUnsupportedHttpVerb);
  const Document properties = backend.blob({.operation = BlobOperation::GetServiceProperties, .account = account}).body;
  const Reader website = Reader(properties).object("StaticWebsite");
  if (!same_id(website.text("Enabled"), "true")) throw Error(kResourceNotFound);
  try {
    return read_page(backend, account, page_of(request.path, website), request, true);
  } catch (const Error& error) {
    const std::string page = without_slash(website.text("ErrorDocument404Path"));
    if (!is_missing(error) || page.empty()) throw;
    http::Response response = read_page(backend, account, page, request, false);
    response.status = 404;
    return response;
  }
}

}  // namespace batchite
