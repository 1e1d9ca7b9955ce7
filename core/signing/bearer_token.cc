#include "core/signing/bearer_token.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/signing/shared_key.h"

namespace batchite {
namespace {

constexpr std::string_view kIssuer = "https://sts.windows.net/batchite/";

std::optional<Document> object_in(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  const auto bytes = base64_decode(text);
  if (!bytes) return std::nullopt;
  Document part = Document::parse(*bytes, nullptr, false);
  return part.is_object() ? std::optional(std::move(part)) : std::nullopt;
}

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  std::erase(text, '=');
  return text;
}

std::optional<BearerToken> BearerToken::parse(std::string_view text) {
  const std::size_t first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || first == last || text.find('.', first + 1) != last) return std::nullopt;
  auto claims = object_in(std::string(text.substr(first + 1, last - first - 1)));
  if (!claims || !object_in(std::string(text.substr(0, first)))) return std::nullopt;
  BearerToken token;
  token.claims_ = std::move(*claims);
  token.signed_ = text.substr(0, last);
  token.signature_ = text.substr(last + 1);
  return token;
}

std::string BearerToken::issue(std::string_view secret, const std::string& audience, Time now, Ticks lifetime,
                               const Document& more) {
  const auto seconds = [](Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  };
  const Document header = {{"alg", "HS256"}, {"typ", "JWT"}};
  Document claims = {{"aud", audience},
                     {"iss", kIssuer},
                     {"tid", "00000000-0000-0000-0000-000000000000"},  // az keeps accounts by it
                     {"iat", seconds(now)},
                     {"nbf", seconds(now)},
                     {"exp", seconds(now + lifetime)}};
  claims.update(more);
  const std::string text = to_base64url(header.dump()) + "." + to_base64url(claims.dump());
  return text + "." + to_base64url(base64_decode(signing::sign(secret, text)).value_or(""));
}

std::string BearerToken::audience() const {
  const Document* value = Reader(claims_).find("aud");
  return value && value->is_string() ? value->get<std::string>() : "";
}

bool BearerToken::is_signed_with(std::string_view secret) const {
  const std::string expected = to_base64url(base64_decode(signing::sign(secret, signed_)).value_or(""));
  return signing::equal_in_constant_time(expected, signature_);
}

std::optional<Time> BearerToken::time_claim(std::string_view name) const {
  const Document* value = Reader(claims_).find(name);
  if (!value || !value->is_number()) return std::nullopt;
  constexpr double kYear9999 = 253402300799.0;  // what lies further away is as good as that
  return Time(std::chrono::seconds(static_cast<std::int64_t>(std::clamp(value->get<double>(), 0.0, kYear9999))));
}

}  // namespace batchite
