#include "emulator/blob/blob_cors.h"

#include <algorithm>

#include "core/blob/elements.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

// "*" or a name; of headers also "x-ms-meta-*".
bool allows(const std::string& list, std::string_view name) {
  return std::ranges::any_of(items_of(list), [&](const std::string& item) {
    if (!item.ends_with('*')) return same_id(item, name);
    return fold(name).starts_with(fold(std::string_view(item).substr(0, item.size() - 1)));
  });
}

bool lets_in(const Reader& rule, std::string_view origin, std::string_view method) {
  const auto origins = items_of(rule.text("AllowedOrigins"));
  const bool knows = std::ranges::any_of(origins, [&](const auto& one) { return one == "*" || one == origin; });
  return knows && allows(rule.text("AllowedMethods"), method);
}

void add_origin(const Reader& rule, const std::string& origin, Parameters& answer) {
  const bool is_any = rule.text("AllowedOrigins") == "*";
  answer.add("Access-Control-Allow-Origin", is_any ? "*" : origin);
  if (!is_any) answer.add("Access-Control-Allow-Credentials", "true");
}

std::vector<const Document*> rules_of(const Document& properties) {
  return elements(Reader(properties).object("Cors").document(), "CorsRule");
}

}  // namespace

Parameters answer_preflight(const Document& properties, const Parameters& headers) {
  for (const char* name : {"Origin", "Access-Control-Request-Method"}) {
    if (headers.get(name).empty()) throw Error(kInvalidHeaderValue, {{"HeaderName", name}});
  }
  const std::string origin = headers.get("Origin"), method = headers.get("Access-Control-Request-Method");
  const std::string asked = headers.get("Access-Control-Request-Headers");
  for (const Document* document : rules_of(properties)) {
    const Reader rule(*document);
    const auto is_allowed = [&](const std::string& name) { return allows(rule.text("AllowedHeaders"), name); };
    if (!lets_in(rule, origin, method) || !std::ranges::all_of(items_of(asked), is_allowed)) continue;
    Parameters answer;
    add_origin(rule, origin, answer);
    answer.add("Access-Control-Allow-Methods", method);
    if (!asked.empty()) answer.add("Access-Control-Allow-Headers", asked);
    answer.add("Access-Control-Max-Age", rule.text("MaxAgeInSeconds"));
    return answer;
  }
  throw Error(kCorsPreflightFailure);
}

Parameters cors_headers(const Document& properties, const Parameters& headers, std::string_view method) {
  Parameters answer;
  const std::string origin = headers.get("Origin");
  const auto rules = rules_of(properties);
  for (const Document* document : rules) {
    const Reader rule(*document);
    if (!lets_in(rule, origin, method)) continue;
    add_origin(rule, origin, answer);
    if (const std::string exposed = rule.text("ExposedHeaders"); !exposed.empty()) {
      answer.add("Access-Control-Expose-Headers", exposed);
    }
    break;
  }
  const bool depends = answer.get("Access-Control-Allow-Origin") != "*";
  if (!rules.empty() && depends && (method == "GET" || method == "HEAD")) answer.add("Vary", "Origin");
  return answer;
}

}  // namespace batchite
