#include "emulator/blob/blob_batch.h"

#include <algorithm>

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::size_t kMaxParts = 256;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Without its line break, which may lack the carriage return.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Up to the empty line. Values may hold colons.
Parameters take_headers(std::string_view& text) {
  Parameters headers;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      throw Error(kInvalidInput, {{"Reason", "A part has a line that is no header."}});
    headers.add(std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1))));
  }
  return headers;
}

// It may be quoted, and may hold '='.
std::string boundary_of(const std::string& content_type) {
  constexpr std::string_view kName = "boundary=";
  const auto at = fold(content_type).find(kName);
  std::string_view value = at == std::string::npos ? "" : std::string_view(content_type).substr(at + kName.size());
  value = trimmed(value.substr(0, value.find(';')));
  if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  if (!value.empty() && fold(content_type).starts_with("multipart/mixed")) return std::string(value);
  throw Error(kInvalidHeaderValue, {{"HeaderName", "Content-Type"}, {"HeaderValue", content_type}});
}

BatchPart part_from(std::string_view text) {
  const Parameters outer = take_headers(text);
  while (text.starts_with("\r\n") || text.starts_with('\n')) take_line(text);
  const std::string_view line = take_line(text);
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first) {
    throw Error(kInvalidInput, {{"Reason", "A part has no request line."}});
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const auto mark = std::min(target.find('?'), target.size());
  BatchPart part{.content_id = outer.get("Content-ID"),
                 .request = {.method = std::string(line.substr(0, first)),
                             .path = std::string(target.substr(0, mark)),
                             .query = std::string(target.substr(std::min(mark + 1, target.size()))),
                             .headers = take_headers(text)}};
  return part;
}

std::string_view reason_of(const http::Response& response) {
  if (!response.reason.empty()) return response.reason;
  return response.status == 202 ? "Accepted" : response.status == 200 ? "OK" : "Error";
}

}  // namespace

std::vector<BatchPart> read_batch(std::string_view body, const std::string& content_type) {
  const std::string delimiter = "--" + boundary_of(content_type);
  std::vector<BatchPart> parts;
  std::size_t at = body.find(delimiter);
  while (at != std::string_view::npos) {
    std::string_view rest = body.substr(at + delimiter.size());
    if (rest.starts_with("--")) break;
    take_line(rest);
    const auto next = rest.find("\n" + delimiter);
    if (next == std::string_view::npos) throw Error(kInvalidInput, {{"Reason", "The last boundary is missing."}});
    parts.push_back(part_from(rest.substr(0, next + 1)));
    if (parts.size() > kMaxParts) throw Error(kExceedsMaxBatchRequestCount);
    at = body.size() - rest.size() + next + 1;
  }
  if (parts.empty()) throw Error(kInvalidInput, {{"Reason", "There is no part."}});
  return parts;
}

std::string batch_body(const std::vector<BatchAnswer>& answers, std::string_view boundary) {
  std::string text;
  for (const auto& [content_id, response] : answers) {
    text.append("--").append(boundary).append("\r\nContent-Type: application/http\r\n");
    if (!content_id.empty()) text.append("Content-ID: ").append(content_id).append("\r\n");
    text.append("\r\nHTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_of(response));
    text.append("\r\n");
    for (const auto& [name, value] : response.headers) text.append(name).append(": ").append(value).append("\r\n");
    if (!response.body.empty())
      text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    text.append("\r\n").append(response.body).append("\r\n");
  }
  return text.append("--").append(boundary).append("--\r\n");
}

}  // namespace batchite
