#include "core/signing/shared_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <vector>

#include "core/base/encoding.h"
#include "core/base/ids.h"

namespace batchite::signing {
namespace {

// What clients do differently. The defaults are the published form.
struct BatchForm {
  bool date_beside_ocp_date = true;  // false: the Date line is empty when ocp-date is there
  bool swap_empty_length = false;    // "0" for an absent Content-Length, nothing for "0"
  bool lower_case_names = false;     // of query parameters
  bool first_value_only = false;     // of a repeated parameter
  bool drop_empty_values = false;
  Plus plus = Plus::Blank;
};

// How the names of x-ms- headers are sorted.
enum class Order {
  Ordinal,
  HyphenFirst,    // by culture: '-', then other symbols, digits, letters
  HyphenIgnored,  // the same, with hyphens looked at only between names that are equal without them
};

struct StorageForm {
  Order order = Order::Ordinal;
  Plus plus = Plus::Blank;
  bool keep_secondary = false;  // "-secondary" stays in the account segment of the path
  bool squeeze_blanks = false;  // inside header values
};

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

// Runs of white space outside quotes become one blank.
std::string squeezed(std::string_view text) {
  std::string result;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    const bool blank = !quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
    if (blank && !result.empty() && result.back() == ' ') continue;
    result += blank ? ' ' : c;
  }
  return result;
}

// Each "NAME:VALUE\n" of a canonical block, with the values of a repeated parameter sorted and joined by commas.
using Merged = std::map<std::string, std::vector<std::string>>;

std::string joined(std::vector<std::string> values) {
  std::ranges::sort(values);
  std::string text;
  for (const std::string& value : values) text.append(text.empty() ? "" : ",").append(value);
  return text;
}

std::string lines_of(const Parameters& headers, std::initializer_list<std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text.append(headers.get(name)).append("\n");
  return text;
}

std::string batch_headers(const Parameters& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    if (std::string folded = fold(name); folded.starts_with("ocp-")) sorted.emplace(std::move(folded), trimmed(value));
  }
  std::string text;
  for (const auto& [name, value] : sorted) text.append(name).append(":").append(value).append("\n");
  return text;
}

std::string batch_query(std::string_view query, const BatchForm& form) {
  Merged merged;
  for (auto& [name, value] : parse_query(query, form.plus)) {
    if (form.drop_empty_values && value.empty()) continue;
    auto& values = merged[form.lower_case_names ? fold(name) : name];
    if (!form.first_value_only || values.empty()) values.push_back(std::move(value));
  }
  std::string text;
  for (const auto& [name, values] : merged) text.append("\n").append(name).append(":").append(joined(values));
  return text;
}

std::string batch_text(std::string_view account, const SignedRequest& request, const BatchForm& form) {
  const Parameters& headers = request.headers;
  std::string length = headers.get("Content-Length");
  if (form.swap_empty_length && (length.empty() || length == "0")) length = length.empty() ? "0" : "";
  const bool date = form.date_beside_ocp_date || !headers.has("ocp-date");
  return request.method + "\n" + lines_of(headers, {"Content-Encoding", "Content-Language"}) + length + "\n" +
         lines_of(headers, {"Content-MD5", "Content-Type"}) + (date ? headers.get("Date") : "") + "\n" +
         lines_of(headers, {"If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"}) +
         batch_headers(headers) + "/" + std::string(account) + request.path + batch_query(request.query, form);
}

// The place of a character in the culture's order: '-', symbols, digits, letters.
int weight(char c) {
  if (c == '-') return 0;
  if (c >= '0' && c <= '9') return 1000 + c;
  if (c >= 'a' && c <= 'z') return 2000 + c;
  return 1 + static_cast<unsigned char>(c);
}

bool comes_before(const std::string& a, const std::string& b, Order order) {
  if (order == Order::Ordinal) return a < b;
  const auto by_weight = [](const std::string& x, const std::string& y) {
    return std::ranges::lexicographical_compare(x, y, {}, weight, weight);
  };
  if (order == Order::HyphenFirst) return by_weight(a, b);
  std::string bare_a = a;
  std::string bare_b = b;
  std::erase(bare_a, '-');
  std::erase(bare_b, '-');
  return bare_a == bare_b ? by_weight(a, b) : by_weight(bare_a, bare_b);
}

// Versions are dates, so they compare as text. A request without one is held to the newest rules.
bool is_older(const Parameters& headers, std::string_view version) {
  const std::string* own = headers.find("x-ms-version");
  return own && *own < version;
}

std::string storage_headers(const Parameters& headers, const StorageForm& form) {
  std::vector<std::pair<std::string, std::string>> sorted;
  const bool drops_empty = is_older(headers, "2016-05-31");
  for (const auto& [name, value] : headers) {
    std::string folded = fold(name);
    if (!folded.starts_with("x-ms-")) continue;
    std::string text = trimmed(value);
    if (text.empty() && drops_empty) continue;
    sorted.emplace_back(std::move(folded), form.squeeze_blanks ? squeezed(text) : std::move(text));
  }
  std::ranges::stable_sort(sorted,
                           [&](const auto& a, const auto& b) { return comes_before(a.first, b.first, form.order); });
  std::string text;
  for (const auto& [name, value] : sorted) text.append(name).append(":").append(value).append("\n");
  return text;
}

// "/account/path". The account of a read-only secondary endpoint is the primary's.
std::string storage_path(std::string_view account, std::string_view path, const StorageForm& form) {
  std::string wire(path.empty() ? "/" : path);
  const std::string secondary = "/" + std::string(account) + "-secondary";
  const bool is_secondary =
      wire.starts_with(secondary) && (wire.size() == secondary.size() || wire[secondary.size()] == '/');
  if (is_secondary && !form.keep_secondary) wire = "/" + std::string(account) + wire.substr(secondary.size());
  return "/" + std::string(account) + wire;
}

std::string storage_query(std::string_view query, const StorageForm& form) {
  Merged merged;
  for (auto& [name, value] : parse_query(query, form.plus)) merged[fold(name)].push_back(std::move(value));
  std::string text;
  for (const auto& [name, values] : merged) text.append("\n").append(name).append(":").append(joined(values));
  return text;
}

std::string storage_date(const Parameters& headers) { return headers.has("x-ms-date") ? "" : headers.get("Date"); }

std::string storage_text(std::string_view account, const SignedRequest& request, const StorageForm& form) {
  const Parameters& headers = request.headers;
  std::string length = headers.get("Content-Length");
  if (length == "0" && !is_older(headers, "2015-02-21")) length.clear();
  return request.method + "\n" + lines_of(headers, {"Content-Encoding", "Content-Language"}) + length + "\n" +
         lines_of(headers, {"Content-MD5", "Content-Type"}) + storage_date(headers) + "\n" +
         lines_of(headers, {"If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"}) +
         storage_headers(headers, form) + storage_path(account, request.path, form) +
         storage_query(request.query, form);
}

std::string storage_lite_text(std::string_view account, const SignedRequest& request, const StorageForm& form) {
  std::string component;
  for (const auto& [name, value] : parse_query(request.query, form.plus)) {
    if (same_id(name, "comp")) component = "?comp=" + value;
  }
  return request.method + "\n" + lines_of(request.headers, {"Content-MD5", "Content-Type"}) +
         storage_date(request.headers) + "\n" + storage_headers(request.headers, form) +
         storage_path(account, request.path, form) + component;
}

std::vector<BatchForm> batch_forms() {
  std::vector<BatchForm> forms;
  for (unsigned bits = 0; bits < 64; ++bits) {
    forms.push_back({.date_beside_ocp_date = (bits & 1) == 0,
                     .swap_empty_length = (bits & 2) != 0,
                     .lower_case_names = (bits & 4) != 0,
                     .first_value_only = (bits & 8) != 0,
                     .drop_empty_values = (bits & 16) != 0,
                     .plus = (bits & 32) != 0 ? Plus::Literal : Plus::Blank});
  }
  return forms;
}

std::vector<StorageForm> storage_forms() {
  std::vector<StorageForm> forms;
  for (const Order order : {Order::Ordinal, Order::HyphenFirst, Order::HyphenIgnored}) {
    for (unsigned bits = 0; bits < 8; ++bits) {
      forms.push_back({.order = order,
                       .plus = (bits & 1) != 0 ? Plus::Literal : Plus::Blank,
                       .keep_secondary = (bits & 2) != 0,
                       .squeeze_blanks = (bits & 4) != 0});
    }
  }
  return forms;
}

// Whether one of the texts that `text_of` makes of the forms has the signature. Most forms give the same text.
template <class Form, class TextOf>
bool any_matches(const AccountKey& key, std::string_view signature, const std::vector<Form>& forms, TextOf text_of) {
  std::vector<std::string> tried;
  for (const Form& form : forms) {
    std::string text = text_of(form);
    if (std::ranges::find(tried, text) != tried.end()) continue;
    if (equal_in_constant_time(sign(key.key, text), signature)) return true;
    tried.push_back(std::move(text));
  }
  return false;
}

}  // namespace

std::optional<AccountKey> account_key(std::string_view account, std::string_view base64_key) {
  auto key = base64_decode(base64_key);
  if (!key || key->empty()) return std::nullopt;
  return AccountKey{std::string(account), *std::move(key)};
}

std::optional<Authorization> parse_authorization(std::string_view header) {
  const std::size_t blank = header.find(' ');
  if (blank == 0 || blank == std::string_view::npos) return std::nullopt;
  const std::string_view rest = header.substr(blank + 1);
  const std::size_t colon = rest.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == rest.size()) return std::nullopt;
  return Authorization{std::string(header.substr(0, blank)), std::string(rest.substr(0, colon)),
                       std::string(rest.substr(colon + 1))};
}

std::string sign(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  return base64_encode({reinterpret_cast<const char*>(digest.data()), length});
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string batch_string_to_sign(std::string_view account, const SignedRequest& request) {
  return batch_text(account, request, {});
}
std::string storage_string_to_sign(std::string_view account, const SignedRequest& request) {
  return storage_text(account, request, {});
}
std::string storage_lite_string_to_sign(std::string_view account, const SignedRequest& request) {
  return storage_lite_text(account, request, {});
}

std::string batch_authorization(const AccountKey& key, const SignedRequest& request) {
  return "SharedKey " + key.account + ":" + sign(key.key, batch_string_to_sign(key.account, request));
}
std::string storage_authorization(const AccountKey& key, const SignedRequest& request) {
  return "SharedKey " + key.account + ":" + sign(key.key, storage_string_to_sign(key.account, request));
}

bool verify_batch(const AccountKey& key, const SignedRequest& request, const Authorization& authorization) {
  if (!same_id(authorization.scheme, "SharedKey")) return false;
  static const std::vector<BatchForm> forms = batch_forms();
  return any_matches(key, authorization.signature, forms,
                     [&](const BatchForm& form) { return batch_text(key.account, request, form); });
}

bool verify_storage(const AccountKey& key, const SignedRequest& request, const Authorization& authorization) {
  const bool lite = same_id(authorization.scheme, "SharedKeyLite");
  if (!lite && !same_id(authorization.scheme, "SharedKey")) return false;
  static const std::vector<StorageForm> forms = storage_forms();
  return any_matches(key, authorization.signature, forms, [&](const StorageForm& form) {
    return lite ? storage_lite_text(key.account, request, form) : storage_text(key.account, request, form);
  });
}

}  // namespace batchite::signing
