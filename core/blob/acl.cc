#include "core/blob/acl.h"

#include <algorithm>

#include "core/blob/elements.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::string_view kAccess = "x-ms-blob-public-access";
constexpr std::size_t kMaxPolicies = 5, kMaxId = 64;
constexpr std::string_view kLetters = "racwdxyltfmeopi";

Error bad_value(std::string_view node, const std::string& value) {
  return Error(kInvalidXmlNodeValue, {{"XmlNodeName", std::string(node)}, {"XmlNodeValue", value}});
}

std::optional<Time> time_in(const Reader& policy, std::string_view name) {
  const std::string text = policy.text(name);
  if (text.empty()) return std::nullopt;
  const auto time = parse_iso8601(text);
  if (!time) throw bad_value(name, text);
  return time;
}

StoredPolicy policy_from(const Document& identifier) {
  const Reader reader(identifier);
  const Document* inner = reader.find("AccessPolicy");
  const Reader policy(inner ? *inner : identifier);
  StoredPolicy read{.id = reader.text("Id"), .start = time_in(policy, "Start"), .expiry = time_in(policy, "Expiry")};
  read.permissions = policy.text("Permission");
  if (read.id.empty() || read.id.size() > kMaxId) throw bad_value("Id", read.id);
  if (read.permissions.find_first_not_of(kLetters) != std::string::npos) {
    throw bad_value("Permission", read.permissions);
  }
  return read;
}

}  // namespace

PublicAccess public_access_from(const Parameters& headers) {
  const std::string text = fold(headers.get(kAccess));
  if (text.empty()) return PublicAccess::None;
  if (text == "blob") return PublicAccess::Blob;
  if (text == "container") return PublicAccess::Container;
  throw Error(kInvalidHeaderValue, {{"HeaderName", std::string(kAccess)}, {"HeaderValue", text}});
}

void add_public_access(PublicAccess access, Parameters& headers) {
  if (access == PublicAccess::None) return;
  headers.add(std::string(kAccess), access == PublicAccess::Blob ? "blob" : "container");
}

std::vector<StoredPolicy> policies_from(const Document& identifiers) {
  std::vector<StoredPolicy> policies;
  for (const Document* identifier : elements(identifiers, "SignedIdentifier")) {
    policies.push_back(policy_from(*identifier));
    const auto is_same = [&](const StoredPolicy& one) { return one.id == policies.back().id; };
    if (std::count_if(policies.begin(), policies.end(), is_same) > 1) throw bad_value("Id", policies.back().id);
  }
  if (policies.size() > kMaxPolicies) throw Error(kInvalidXmlDocument, {{"Reason", "There may be five policies."}});
  return policies;
}

Document policies_document(const std::vector<StoredPolicy>& policies) {
  Document document = Document::object();
  for (const StoredPolicy& policy : policies) {
    document["SignedIdentifier"].push_back({{"Id", policy.id},
                                            {"AccessPolicy",
                                             {{"Start", policy.start ? iso8601_full(*policy.start) : ""},
                                              {"Expiry", policy.expiry ? iso8601_full(*policy.expiry) : ""},
                                              {"Permission", policy.permissions}}}});
  }
  return document;
}

}  // namespace batchite
