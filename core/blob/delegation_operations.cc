#include "core/base/encoding.h"
#include "core/blob/delegation.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/signing/shared_key.h"

namespace batchite {

std::string delegation_key(const Parameters& terms, std::string_view account_key) {
  std::string text;
  for (const char* name : {"skoid", "sktid", "skt", "ske", "sks", "skv"}) text += terms.get(name) + '\n';
  return base64_decode(signing::sign(account_key, text)).value_or("");
}

bool is_delegation_time(Time start, Time expiry) {
  return start < expiry && expiry - start <= std::chrono::hours(24 * 7);
}

}  // namespace batchite

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

// The second is the finest that a signature's times have.
std::string whole_seconds(Time time) { return iso8601(std::chrono::floor<std::chrono::seconds>(time)); }

Time time_in(const Document& document, std::string_view name) {
  const std::string text = Reader(document).text(name);
  const auto time = parse_iso8601(text);
  if (!time) throw Error(kInvalidXmlNodeValue, {{"XmlNodeName", std::string(name)}, {"XmlNodeValue", text}});
  return *time;
}

BlobReply get_user_delegation_key(Request& request) {
  if (request.call.identity.empty()) {
    throw Error(kAuthenticationFailed,
                {{"AuthenticationErrorDetail", "Only authentication scheme Bearer is supported"}});
  }
  const Document& asked = request.call.document;
  const Time expiry = time_in(asked, "Expiry");
  const Time start = Reader(asked).text("Start").empty() ? request.now : time_in(asked, "Start");
  if (!is_delegation_time(start, expiry) || expiry <= request.now) {
    throw Error(kInvalidXmlNodeValue, {{"XmlNodeName", "Expiry"}, {"XmlNodeValue", Reader(asked).text("Expiry")}});
  }
  const Parameters terms = {{"skoid", request.call.identity.get("oid")},
                            {"sktid", request.call.identity.get("tid")},
                            {"skt", whole_seconds(start)},
                            {"ske", whole_seconds(expiry)},
                            {"sks", "b"},
                            {"skv", request.headers().get("x-ms-version")}};
  const BlobAccount& account = *request.service.account(request.call.account);
  const std::string key = base64_decode(account.keys.front()).value_or("");
  return {.body = Document{{"SignedOid", terms.get("skoid")},
                           {"SignedTid", terms.get("sktid")},
                           {"SignedStart", terms.get("skt")},
                           {"SignedExpiry", terms.get("ske")},
                           {"SignedService", "b"},
                           {"SignedVersion", terms.get("skv")},
                           {"Value", base64_encode(delegation_key(terms, key))}}};
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::GetUserDelegationKey,
     .name = "GetUserDelegationKey",
     .methods = "POST",
     .levels = kOnAccount,
     .restype = "service",
     .comp = "userdelegationkey",
     .request = "KeyInfo",
     .answer = "UserDelegationKey",
     .run = get_user_delegation_key},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::delegation_operations() { return blob_operations::kRows; }
