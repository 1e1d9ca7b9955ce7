#include "backends/http/curl_request.h"

#include <fmt/format.h>

#include <algorithm>

namespace batchite {
namespace {

constexpr long kMaxRedirects = 10;
constexpr long kBufferBytes = 512L << 10;

}  // namespace

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(started);
}

HeaderList list_of(const Parameters& headers) {
  HeaderList list;
  for (const auto& [name, value] : headers) {
    if (same_id(name, "Content-Length")) continue;  // curl says it
    // A header without value must be written with a semicolon, or curl leaves it out.
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

void add_header(std::string_view line, Parameters& headers) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto start = std::min(line.find_first_not_of(' ', colon + 1), line.size());
  headers.add(std::string(line.substr(0, colon)), std::string(line.substr(start)));
}

void set_up(CURL* handle, const std::string& url, const HttpOptions& options) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);  // "a/../b" is a blob's name
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, options.connect_timeout_ms);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, options.stall_timeout_ms / 1000));
  curl_easy_setopt(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);  // bodies are small: not worth a wait
  if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
}

}  // namespace batchite
