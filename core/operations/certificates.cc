// Certificates: add, read, delete, take a failed deletion back. Only their public part is kept. Sources:
// learn.microsoft.com/rest/api/batchservice/certificate and recorded answers (no ETag; Location with capital names;
// a deletion that fails passes through "deleting").
#include "core/operations/certificates.h"

#include <fmt/format.h>

#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/certificate_data.h"
#include "core/operations/defaults.h"
#include "core/operations/endpoints.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

constexpr const char* kAlgorithm = "sha1";

// A certificate's id in the store.
std::string row_id(std::string_view algorithm, std::string_view thumbprint) {
  return fmt::format("{}-{}", algorithm, thumbprint);
}

std::int64_t the_certificate(const Change& change, const Call& call) {
  const auto key = change.read().find(Kind::Certificate, 0,
                                      row_id(call.path.get("thumbprintAlgorithm"), call.path.get("thumbprint")));
  if (!key) throw Error(errors::kCertificateNotFound);
  return *key;
}

// The status is kept in the form in which it is shown.
std::string state_of(const Row& row) { return Document::parse(row.status)["state"]; }

Document moved(const Change& change, const Document& before, const char* state) {
  Document status = {{"state", state}, {"stateTransitionTime", iso8601(change.now())}};
  if (before.contains("state")) {
    status["previousState"] = before["state"];
    status["previousStateTransitionTime"] = before["stateTransitionTime"];
  }
  return status;
}

void move_to(Change& change, std::int64_t key, const char* state) {
  const Document before = Document::parse(change.read().get(Kind::Certificate, key).status);
  change.write().put_status(Kind::Certificate, key, moved(change, before, state).dump());
}

Document render_certificate(const Change& change, std::int64_t key) {
  const Row row = change.read().get(Kind::Certificate, key);
  const Document spec = Document::parse(row.spec), status = Document::parse(row.status);
  const std::string algorithm = spec["thumbprintAlgorithm"], thumbprint = spec["thumbprint"];
  Document document = {{"thumbprint", thumbprint},
                       {"thumbprintAlgorithm", algorithm},
                       {"url", fmt::format("{}/certificates(thumbprintAlgorithm={},thumbprint={})", change.base_url(),
                                           algorithm, thumbprint)}};
  for (const char* name : {"state", "stateTransitionTime", "previousState", "previousStateTransitionTime"}) {
    if (status.contains(name)) document[name] = status[name];
  }
  document["publicData"] = spec["publicData"];
  if (status.contains("deleteCertificateError")) document["deleteCertificateError"] = status["deleteCertificateError"];
  return document;
}

// What the data of a request holds; throws InvalidPropertyValue for what is no certificate.
CertificateContent content_of(const Document& body) {
  const Reader reader(body);
  const bool alone = same_id(reader.text("certificateFormat"), "cer");
  if (alone && reader.has("password")) {
    throw invalid_property("password", "(not shown)", "A certificate without a private key has no password");
  }
  const std::string bytes = base64_decode(reader.text("data")).value_or("");
  const auto content = alone ? read_certificate(bytes) : read_archive(bytes, reader.text("password"));
  if (!content) {
    throw invalid_property("data", "(not shown)",
                           alone ? "The data is not a certificate in base64"
                                 : "The data is not an archive in base64 that the password opens");
  }
  return *content;
}

Answer add_certificate(Change& change, const Call& call) {
  const Document body = contract::normalise(*call.operation.body, call.body);
  const std::string algorithm = body["thumbprintAlgorithm"], thumbprint = body["thumbprint"];
  if (!same_id(algorithm, kAlgorithm)) throw invalid_property("thumbprintAlgorithm", algorithm, "Must be sha1");
  const CertificateContent content = content_of(body);
  if (!same_id(thumbprint, content.thumbprint)) {
    throw invalid_property("thumbprint", thumbprint, "It is not the thumbprint of the certificate in the data");
  }
  const Row row{.id = row_id(algorithm, thumbprint),
                .spec = Document{{"thumbprint", thumbprint},
                                 {"thumbprintAlgorithm", algorithm},
                                 {"publicData", base64_encode(content.public_data)}}
                            .dump(),
                .status = moved(change, Document::object(), "active").dump()};
  if (!change.write().insert(Kind::Certificate, row)) {
    const Row there = change.read().get(Kind::Certificate, *change.read().find(Kind::Certificate, 0, row.id));
    throw Error(state_of(there) == "deleting" ? errors::kCertificateBeingDeleted : errors::kCertificateExists);
  }
  Reply reply = done(call);
  reply.headers.add("Location", fmt::format("{}/certificates(ThumbprintAlgorithm={},Thumbprint={})", change.base_url(),
                                            algorithm, thumbprint));
  return reply;
}

Answer list_certificates(Change& change, const Call& call) {
  return page(change, call, Kind::Certificate, 0, render_certificate);
}

Answer get_certificate(Change& change, const Call& call) {
  return one(call, render_certificate(change, the_certificate(change, call)));
}

bool refers_to(const Document& pool, const std::string& certificate) {
  for (const Document& reference : Reader(pool).array("certificateReferences")) {
    const Reader reader(reference);
    if (same_id(row_id(reader.text("thumbprintAlgorithm"), reader.text("thumbprint")), certificate)) return true;
  }
  return false;
}

struct Users {
  std::vector<std::string> pools;
  bool leaving = false;  // there are pools that refer to it but are being deleted
};
Users users_of(const Change& change, const std::string& certificate) {
  Users users;
  for (const Listed& listed : change.read().list(Kind::Pool, 0, "", change.state().pools.size())) {
    if (!refers_to(Document::parse(change.read().get(Kind::Pool, listed.key).spec), certificate)) continue;
    if (change.state().pools.at(PoolKey{listed.key}).status.state == PoolState::Deleting) {
      users.leaving = true;
    } else {
      users.pools.push_back(listed.id);
    }
  }
  return users;
}

// A certificate that is being deleted is gone, stays because of its pools, or waits for those that are leaving.
void settle(Change& change, std::int64_t key) {
  const Row row = change.read().get(Kind::Certificate, key);
  const Users users = users_of(change, row.id);
  if (users.pools.empty()) {
    if (!users.leaving) change.write().erase(Kind::Certificate, key);
    return;
  }
  Document status = moved(change, Document::parse(row.status), "deletefailed");
  status["deleteCertificateError"] = {
      {"code", "PoolsReferencingCertificate"},
      {"message", "The specified certificate is being used by the pools below"},
      {"values", {{{"name", "Pools"}, {"value", fmt::format("{}", fmt::join(users.pools, ","))}}}}};
  change.write().put_status(Kind::Certificate, key, status.dump());
}

Answer delete_certificate(Change& change, const Call& call) {
  const std::int64_t key = the_certificate(change, call);
  if (state_of(change.read().get(Kind::Certificate, key)) == "deleting") throw Error(errors::kCertificateBeingDeleted);
  move_to(change, key, "deleting");
  settle(change, key);
  return done(call);
}

Answer cancel_deletion(Change& change, const Call& call) {
  const std::int64_t key = the_certificate(change, call);
  const std::string state = state_of(change.read().get(Kind::Certificate, key));
  if (state == "active") throw Error(errors::kCertificateStateActive);
  if (state == "deleting") throw Error(errors::kCertificateBeingDeleted);
  move_to(change, key, "active");
  return done(call);
}

constexpr OperationRow kCertificates[] = {
    {"Certificate_Add", add_certificate},
    {"Certificate_List", list_certificates},
    {"Certificate_Get", get_certificate},
    {"Certificate_Delete", delete_certificate},
    {"Certificate_CancelDeletion", cancel_deletion},
};

}  // namespace

void complete_certificate_references(const Change& change, Document& pool) {
  const auto references = pool.find("certificateReferences");
  if (references == pool.end()) return;
  const bool windows = is_windows(pool);
  for (Document& reference : *references) {
    const std::string thumbprint = reference["thumbprint"];
    const auto key = change.read().find(Kind::Certificate, 0,
                                        row_id(reference["thumbprintAlgorithm"].get<std::string>(), thumbprint));
    if (!key || state_of(change.read().get(Kind::Certificate, *key)) != "active") {
      throw Error(errors::kInvalidCertificateReferences,
                  {{thumbprint,
                    key ? "The specified certificate is not active." : "The specified certificate does not exist."}});
    }
    if (!windows) continue;
    default_to(reference, "storeLocation", "currentuser");
    default_to(reference, "storeName", "My");
  }
}

void settle_certificates(Change& change) {
  std::vector<std::int64_t> waiting;
  change.read().each(Kind::Certificate, [&](const Row& row) {
    if (state_of(row) == "deleting") waiting.push_back(row.key);
  });
  for (const std::int64_t key : waiting) settle(change, key);
}

std::span<const OperationRow> certificate_operations() { return kCertificates; }

}  // namespace batchite
