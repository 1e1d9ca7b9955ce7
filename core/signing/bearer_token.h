// Bearer tokens as Entra writes them (JWT): read, looked at, and issued here, signed HS256.
// Source: RFC 7519 and 7515. Pure; any thread; nothing throws.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/document.h"
#include "core/base/time.h"

namespace batchite {

// Base64 with the alphabet of URLs, without padding: how a JWT writes its parts.
std::string to_base64url(std::string_view bytes);

class BearerToken {
 public:
  // nullopt: not three parts, or no JSON objects in the first two.
  static std::optional<BearerToken> parse(std::string_view text);
  // For `audience`, from `now` on. `secret`: any bytes. `more`: further claims.
  static std::string issue(std::string_view secret, const std::string& audience, Time now, Ticks lifetime,
                           const Document& more = Document::object());

  const Document& claims() const { return claims_; }
  std::optional<Time> expires() const { return time_claim("exp"); }
  std::optional<Time> begins() const { return time_claim("nbf"); }
  std::string audience() const;
  bool is_signed_with(std::string_view secret) const;

 private:
  std::optional<Time> time_claim(std::string_view name) const;

  Document claims_;
  std::string signed_, signature_;
};

}  // namespace batchite
