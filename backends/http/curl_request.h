// What every request by libcurl has in common.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <string>

#include "backends/http/http_client.h"

namespace batchite {

struct FreeHeaderList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeHeaderList>;

void start_curl();  // before anything else; any number of times
HeaderList list_of(const Parameters& headers);
// A line of an answer's head, with its end.
void add_header(std::string_view line, Parameters& headers);
// HTTP and HTTPS, the path as it stands, at most ten redirects, the timeouts.
void set_up(CURL* handle, const std::string& url, const HttpOptions& options);

}  // namespace batchite
