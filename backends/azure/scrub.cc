#include "backends/azure/scrub.h"

#include <algorithm>

#include "core/base/ids.h"

namespace batchite::azure {
namespace {

constexpr std::string_view kNobody = "00000000-0000-0000-0000-000000000000";

// What follows `before`, up to one of `ends`.
struct Place {
  std::string_view before;  // in lower case
  std::string_view ends;
  std::string_view by = kScrubbed;
};
constexpr std::string_view kEndsOfParameter = "&\"'<>; \t\r\n\\";
constexpr Place kPlaces[] = {
    {"sig=", kEndsOfParameter},
    {"sig%3d", "&%\"'<>; \t\r\n\\"},
    {"accountkey=", ";\"'<> \t\r\n"},
    {"sharedaccesssignature=", ";\"'<> \t\r\n"},
    {"client_secret=", kEndsOfParameter},
    {"client_assertion=", kEndsOfParameter},
    {"refresh_token=", kEndsOfParameter},
    {"access_token=", kEndsOfParameter},
    {"password=", kEndsOfParameter},
    {"authorization: ", "\r\n"},  // of a part of a batch
    {"x-ms-copy-source-authorization: ", "\r\n"},
    {"/subscriptions/", "/\"'<>?& ", kNobody},
};
constexpr Place kDelegationKey = {"<value>", "<"};

void scrub_at(std::string& text, const Place& place) {
  std::string folded = fold(text);
  for (std::size_t at = folded.find(place.before); at != std::string::npos; at = folded.find(place.before, at)) {
    const std::size_t begin = at + place.before.size();
    const std::size_t end = std::min(text.find_first_of(place.ends, begin), text.size());
    at = begin;
    if (end == begin) continue;
    text.replace(begin, end - begin, place.by);
    folded.replace(begin, end - begin, place.by);
    at += place.by.size();
  }
}

bool is_secret(std::string_view name) {
  constexpr std::string_view kEnds[] = {"password",      "secret",           "token",    "accountkey", "saskey",
                                        "sshprivatekey", "connectionstring", "assertion"};
  constexpr std::string_view kNames[] = {"protectedsettings", "privatekey"};
  const std::string folded = fold(name);
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return folded.ends_with(end); }) ||
         std::ranges::find(kNames, folded) != std::end(kNames);
}

bool is_secret_variable(std::string_view name) {
  constexpr std::string_view kWords[] = {"key",       "secret", "token", "password", "sas", "connection_string",
                                         "credential"};
  const std::string folded = fold(name);
  return std::ranges::any_of(kWords, [&](std::string_view word) { return folded.find(word) != std::string::npos; });
}

bool is_secret_header(std::string_view name) {
  constexpr std::string_view kNames[] = {"x-ms-encryption-key", "x-ms-source-encryption-key",
                                         "x-ms-copy-source-authorization", "set-cookie", "ocp-apim-subscription-key"};
  return std::ranges::find(kNames, fold(name)) != std::end(kNames);
}

// Of who asks and when, and of the connection.
bool is_left_out(std::string_view name) {
  constexpr std::string_view kNames[] = {"authorization",    "cookie",         "date",       "ocp-date",
                                         "x-ms-date",        "user-agent",     "host",       "connection",
                                         "accept",           "content-length", "keep-alive", "x-ms-client-request-id",
                                         "client-request-id"};
  return std::ranges::find(kNames, fold(name)) != std::end(kNames);
}

}  // namespace

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

Scrubber::Scrubber(Replacements replacements) : replacements_(std::move(replacements)) {}

std::string Scrubber::text(std::string text) const {
  for (const auto& [what, by] : replacements_) replace_all(text, what, by);
  for (const Place& place : kPlaces) scrub_at(text, place);
  if (text.find("<UserDelegationKey>") != std::string::npos) scrub_at(text, kDelegationKey);
  return text;
}

Document Scrubber::document(Document document) const {
  if (document.is_string()) return text(document.get<std::string>());
  if (document.is_array()) {
    for (Document& item : document) item = this->document(std::move(item));
    return document;
  }
  if (!document.is_object()) return document;
  const bool is_certificate = document.contains("thumbprint");
  const Reader view(document);
  const bool is_variable = view.has("name") && view.has("value") && is_secret_variable(view.text("name"));
  for (auto& [name, value] : document.items()) {
    const bool hides = is_secret(name) || (is_certificate && name == "data") || (is_variable && name == "value");
    value = hides && !value.is_null() ? Document(kScrubbed) : this->document(std::move(value));
  }
  return document;
}

Parameters Scrubber::headers(const Parameters& headers) const {
  Parameters kept;
  for (const auto& [name, value] : headers) {
    if (!is_left_out(name)) kept.add(name, is_secret_header(name) ? std::string(kScrubbed) : text(value));
  }
  return kept;
}

}  // namespace batchite::azure
