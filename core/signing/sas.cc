#include "core/signing/sas.h"

#include <algorithm>
#include <initializer_list>

#include "core/signing/shared_key.h"

namespace batchite::signing {
namespace {

constexpr std::string_view kBlobLetters = "racwdxyltfmeopi";
constexpr std::string_view kAccountLetters = "rwdxylacuptfi";

// Fields joined by line ends. Versions are dates, so they compare as text.
class Fields {
 public:
  explicit Fields(const Parameters& parameters) : parameters_(parameters), version_(parameters.get("sv")) {}

  bool since(std::string_view version) const { return version_ >= version; }
  void add(std::string_view value) {
    if (!first_) text_ += '\n';
    first_ = false;
    text_ += value;
  }
  void add_parameters(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) add(parameters_.get(name));
  }
  std::string text() && { return std::move(text_); }

 private:
  const Parameters& parameters_;
  std::string version_;
  std::string text_;
  bool first_ = true;
};

// The first `depth` segments of a path.
std::string_view directory_of(std::string_view path, std::string_view depth) {
  std::size_t left = 0;
  for (const char c : depth) {
    if (c < '0' || c > '9' || left > path.size()) return {};
    left = left * 10 + static_cast<std::size_t>(c - '0');
  }
  if (left == 0) return {};
  std::size_t end = path.find('/');
  for (; left > 1 && end != std::string_view::npos; --left) end = path.find('/', end + 1);
  return path.substr(0, end);
}

std::string resource_line(const Fields& fields, const Parameters& parameters, const SasTarget& target) {
  std::string line = (fields.since("2015-02-21") ? "/blob/" : "/") + target.account + "/" + target.container;
  const std::string resource = parameters.get("sr");
  if (resource == "c") return line;
  const std::string_view path = resource == "d" ? directory_of(target.blob, parameters.get("sdd")) : target.blob;
  return path.empty() ? line : line + "/" + std::string(path);
}

std::string time_of(const Parameters& parameters, const SasTarget& target) {
  const std::string resource = parameters.get("sr");
  return resource == "bs" || resource == "bv" ? target.time : "";
}

std::string service_text(const Parameters& parameters, const SasTarget& target) {
  Fields fields(parameters);
  fields.add_parameters({"sp", "st", "se"});
  fields.add(resource_line(fields, parameters, target));
  fields.add_parameters({"si"});
  if (!parameters.has("sv")) return std::move(fields).text();
  if (fields.since("2015-04-05")) fields.add_parameters({"sip", "spr"});
  fields.add_parameters({"sv"});
  if (fields.since("2018-11-09")) {
    fields.add_parameters({"sr"});
    fields.add(time_of(parameters, target));
  }
  if (fields.since("2020-12-06")) fields.add_parameters({"ses"});
  if (fields.since("2013-08-15")) fields.add_parameters({"rscc", "rscd", "rsce", "rscl", "rsct"});
  return std::move(fields).text();
}

// The names listed in the token, with the values that the request has: "name:value" each, with a line end before or
// behind it.
std::string bound_values(const std::string& names, const Parameters* values, std::string_view before,
                         std::string_view behind) {
  std::string text;
  for (std::size_t at = 0; !names.empty() && at <= names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    const std::string name = names.substr(at, comma - at);
    text.append(before).append(name).append(":").append(values ? values->get(name) : "").append(behind);
    at = comma + 1;
  }
  return text;
}

std::string delegation_text(const Parameters& parameters, const SasTarget& target) {
  Fields fields(parameters);
  fields.add_parameters({"sp", "st", "se"});
  fields.add(resource_line(fields, parameters, target));
  fields.add_parameters({"skoid", "sktid", "skt", "ske", "sks", "skv"});
  if (fields.since("2020-02-10")) fields.add_parameters({"saoid", "suoid", "scid"});
  if (fields.since("2025-07-05")) fields.add_parameters({"skdutid", "sduoid"});
  fields.add_parameters({"sip", "spr", "sv", "sr"});
  fields.add(time_of(parameters, target));
  if (fields.since("2020-12-06")) fields.add_parameters({"ses"});
  if (fields.since("2026-04-06")) {
    fields.add(bound_values(parameters.get("srh"), target.headers, "", "\n"));
    fields.add(bound_values(parameters.get("srq"), target.query, "\n", ""));
  }
  fields.add_parameters({"rscc", "rscd", "rsce", "rscl", "rsct"});
  return std::move(fields).text();
}

std::string account_text(const Parameters& parameters, const SasTarget& target) {
  Fields fields(parameters);
  fields.add(target.account);
  fields.add_parameters({"sp", "ss", "srt", "st", "se", "sip", "spr", "sv"});
  if (fields.since("2020-12-06")) fields.add_parameters({"ses"});
  fields.add("");  // the text ends with a line end
  return std::move(fields).text();
}

std::string_view letters_of(SasKind kind) { return kind == SasKind::Account ? kAccountLetters : kBlobLetters; }

std::string sas_time(Time time) {
  return time == kNever ? std::string() : iso8601(std::chrono::floor<std::chrono::seconds>(time));
}

void add_if(Parameters& parameters, std::string_view name, const std::string& value) {
  if (!value.empty()) parameters.add(std::string(name), value);
}

// Letters that have no place in the order are left as they came: the service then refuses them by name.
Parameters common_parameters(SasKind kind, const SasTerms& terms) {
  Parameters parameters;
  add_if(parameters, "st", sas_time(terms.start));
  add_if(parameters, "se", sas_time(terms.expiry));
  add_if(parameters, "sp", order_permissions(kind, terms.permissions).value_or(terms.permissions));
  add_if(parameters, "sip", terms.ip);
  add_if(parameters, "spr", terms.protocol);
  add_if(parameters, "sv", terms.version);
  add_if(parameters, "ses", terms.encryption_scope);
  return parameters;
}

std::size_t segments_of(std::string_view path) {
  return path.empty() ? 0 : 1 + static_cast<std::size_t>(std::ranges::count(path, '/'));
}

Parameters resource_parameters(SasKind kind, const SasSpec& spec) {
  Parameters parameters = common_parameters(kind, spec.terms);
  const std::string resource = !spec.resource.empty() ? spec.resource : spec.blob.empty() ? "c" : "b";
  parameters.add("sr", resource);
  if (resource == "d") parameters.add("sdd", std::to_string(segments_of(spec.blob)));
  add_if(parameters, "si", spec.identifier);
  add_if(parameters, "rscc", spec.overrides.cache_control);
  add_if(parameters, "rscd", spec.overrides.content_disposition);
  add_if(parameters, "rsce", spec.overrides.content_encoding);
  add_if(parameters, "rscl", spec.overrides.content_language);
  add_if(parameters, "rsct", spec.overrides.content_type);
  return parameters;
}

std::string finish(Sas sas, const SasTarget& target, std::string_view key) {
  sas.parameters.add("sig", sign(key, string_to_sign(sas, target)));
  return format_query(Query(sas.parameters.begin(), sas.parameters.end()));
}

SasTarget target_of(const SasSpec& spec) {
  return {.account = spec.account, .container = spec.container, .blob = spec.blob, .time = spec.time};
}

}  // namespace

std::optional<Sas> parse_sas(Parameters query) {
  Sas sas{.parameters = std::move(query)};
  if (!sas.parameters.has("sig")) return std::nullopt;
  if (sas.parameters.has("ss") || sas.parameters.has("srt")) sas.kind = SasKind::Account;
  if (sas.parameters.has("skoid")) sas.kind = SasKind::UserDelegation;
  return sas;
}

std::string string_to_sign(const Sas& sas, const SasTarget& target) {
  switch (sas.kind) {
    case SasKind::Service:
      return service_text(sas.parameters, target);
    case SasKind::Account:
      return account_text(sas.parameters, target);
    case SasKind::UserDelegation:
      return delegation_text(sas.parameters, target);
  }
  return {};
}

bool verify_sas(const Sas& sas, const SasTarget& target, std::string_view key) {
  return equal_in_constant_time(sign(key, string_to_sign(sas, target)), sas.parameters.get("sig"));
}

std::string make_service_sas(const SasSpec& spec, std::string_view key) {
  return finish({SasKind::Service, resource_parameters(SasKind::Service, spec)}, target_of(spec), key);
}

std::string make_account_sas(const AccountSasSpec& spec, std::string_view key) {
  Parameters parameters = common_parameters(SasKind::Account, spec.terms);
  parameters.add("ss", spec.services);
  parameters.add("srt", spec.resource_types);
  return finish({SasKind::Account, std::move(parameters)}, {.account = spec.account}, key);
}

std::string make_user_delegation_sas(const SasSpec& spec, const DelegationKey& key) {
  Parameters parameters = resource_parameters(SasKind::UserDelegation, spec);
  parameters.add("skoid", key.object_id);
  parameters.add("sktid", key.tenant_id);
  parameters.add("skt", key.start);
  parameters.add("ske", key.expiry);
  parameters.add("sks", key.service);
  parameters.add("skv", key.version);
  return finish({SasKind::UserDelegation, std::move(parameters)}, target_of(spec), key.value);
}

std::optional<std::string> order_permissions(SasKind kind, std::string_view letters) {
  std::string ordered;
  for (const char letter : letters_of(kind)) {
    if (letters.find(letter) != std::string_view::npos) ordered += letter;
  }
  if (ordered.size() != letters.size()) return std::nullopt;
  return ordered;
}

bool permissions_are_ordered(SasKind kind, std::string_view letters) {
  return order_permissions(kind, letters) == letters;
}

}  // namespace batchite::signing
