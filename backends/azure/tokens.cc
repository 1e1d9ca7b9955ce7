#include "backends/azure/tokens.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/document.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

constexpr Ticks kBeforeTheEnd = std::chrono::minutes(5);
constexpr Ticks kBetweenFailures = std::chrono::seconds(30);

std::optional<std::int64_t> seconds_in(const Reader& answer, std::string_view name) {
  const Document* value = answer.find(name);
  if (value && value->is_number()) return value->get<std::int64_t>();
  if (!value || !value->is_string()) return std::nullopt;
  const std::string text = value->get<std::string>();
  char* end = nullptr;
  const long long seconds = std::strtoll(text.c_str(), &end, 10);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional<std::int64_t>(seconds);
}

}  // namespace

std::optional<AccessToken> read_token(const std::string& json, Time now) {
  const Document document = Document::parse(json, nullptr, false);
  const Reader answer(document);
  const Document* text = answer.find("access_token");
  if (!text || !text->is_string() || text->get_ref<const std::string&>().empty()) return std::nullopt;
  AccessToken token{.text = text->get<std::string>()};
  if (const auto at = seconds_in(answer, "expires_on")) {
    token.expires = Time(std::chrono::seconds(*at));
  } else if (const auto in = seconds_in(answer, "expires_in")) {
    token.expires = after(now, std::chrono::seconds(*in));
  } else {
    return std::nullopt;
  }
  return token;
}

Tokens::Tokens(std::vector<Credential> credentials, Clock clock)
    : credentials_(std::move(credentials)), clock_(std::move(clock)) {}

AccessToken Tokens::fetch_by_first(const std::string& resource) {
  if (used_) return used_->fetch(resource);
  passed_over_.clear();
  std::string reasons;
  for (const Credential& credential : credentials_) {
    try {
      AccessToken token = credential.fetch(resource);
      used_ = &credential;
      return token;
    } catch (const CredentialUnavailable& unavailable) {
      passed_over_.push_back({credential.name, unavailable.what()});
      reasons += (reasons.empty() ? "" : "; ") + credential.name + ": " + unavailable.what();
    }
  }
  throw Error(401, "NoCredential", "No key is given, and nothing here gets a token of Entra ID. " + reasons + ".");
}

void Tokens::fetch(const std::string& resource, Kept& kept) {
  kept.token = fetch_by_first(resource);
  const Time now = clock_();
  const Ticks lifetime = std::max(kept.token.expires - now, Ticks::zero());
  kept.renew_from = kept.token.expires - std::min(kBeforeTheEnd, lifetime / 2);
}

std::string Tokens::get(const std::string& resource) {
  const std::lock_guard lock(lock_);
  Kept& kept = kept_[resource];
  const Time now = clock_();
  if (now < kept.renew_from) return kept.token.text;
  try {
    fetch(resource, kept);
  } catch (const std::exception&) {
    if (now >= kept.token.expires) throw;
    kept.renew_from = now + kBetweenFailures;  // it is good for a little while
  }
  return kept.token.text;
}

bool Tokens::replace(const std::string& resource, const std::string& refused) {
  const std::lock_guard lock(lock_);
  Kept& kept = kept_[resource];
  if (kept.token.text == refused) fetch(resource, kept);
  return kept.token.text != refused;
}

std::string Tokens::used() const {
  const std::lock_guard lock(lock_);
  return used_ ? used_->name : "";
}

std::vector<Tokens::PassedOver> Tokens::passed_over() const {
  const std::lock_guard lock(lock_);
  return passed_over_;
}

}  // namespace batchite::azure
