// Certificates as clients of api-versions up to 2024-07-01 see them.
#include "tests/support/certificate_samples.h"
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using namespace samples;  // NOLINT(google-build-using-namespace)

class CertificatesTest : public ServiceTest {
 protected:
  static Document certificate() {
    return {{"thumbprint", kThumbprint},
            {"thumbprintAlgorithm", "sha1"},
            {"data", kArchive},
            {"certificateFormat", "pfx"},
            {"password", kPassword}};
  }
  static Document alone() {
    return {{"thumbprint", kThumbprint},
            {"thumbprintAlgorithm", "SHA1"},
            {"data", kCertificate},
            {"certificateFormat", "cer"}};
  }
  static Document changed(Document body, const Document& with) {
    body.update(with);
    return body;
  }
  std::string add(const Document& body = certificate()) { return outcome("Certificate_Add", {.body = body}); }
  static Asked the_certificate(const std::string& thumbprint = kThumbprint) {
    return {.path = {{"thumbprintAlgorithm", "sha1"}, {"thumbprint", thumbprint}}};
  }
  Document shown() { return ask("Certificate_Get", the_certificate()).body; }
  std::string state() {
    try {
      return shown()["state"];
    } catch (const Error& error) {
      return error.code();
    }
  }
  static Document references(const std::string& thumbprint = kThumbprint) {
    return Document::array({{{"thumbprint", thumbprint}, {"thumbprintAlgorithm", "sha1"}}});
  }
  std::string add_pool(const std::string& id, int nodes = 0) {
    return outcome("Pool_Add", {.body = pool(id, nodes, {{"certificateReferences", references()}})});
  }
  Document shown_to(std::string_view operation, const Parameters& path, std::int32_t version) {
    return std::get<Reply>(
               service.call({.operation = *contract::find_operation(operation), .path = path, .version = {version}},
                            now))
        .body;
  }
};

TEST_F(CertificatesTest, ACertificateIsKeptWithItsPublicPartOnly) {
  const Reply added = ask("Certificate_Add", {.body = certificate()});
  EXPECT_EQ(added.status, 201U);
  EXPECT_FALSE(added.modified) << "certificates have no ETag";
  EXPECT_EQ(added.headers.get("Location"),
            std::string("http://batch/certificates(ThumbprintAlgorithm=sha1,Thumbprint=") + kThumbprint + ")");
  const Document document = shown();
  EXPECT_EQ(document["thumbprint"], kThumbprint);
  EXPECT_EQ(document["thumbprintAlgorithm"], "sha1");
  EXPECT_EQ(document["state"], "active");
  EXPECT_EQ(document["stateTransitionTime"], "2026-03-14T20:33:32Z");
  EXPECT_EQ(document["publicData"], kCertificate);
  EXPECT_EQ(document["url"],
            std::string("http://batch/certificates(thumbprintAlgorithm=sha1,thumbprint=") + kThumbprint + ")");
  EXPECT_FALSE(document.contains("data"));
  store.each(Kind::Certificate, [](const Row& row) {
    EXPECT_EQ((row.spec + row.status).find(kPassword), std::string::npos);
    EXPECT_EQ((row.spec + row.status).find(kArchive), std::string::npos);
  });
  EXPECT_EQ(add(), "409 CertificateExists");
}

TEST_F(CertificatesTest, TheDataIsReadInEveryFormThatClientsSend) {
  const Document forms[] = {certificate(), changed(certificate(), {{"data", kOldArchive}}), alone(),
                            changed(alone(), {{"thumbprint", "692211606CCD64A28A76F2A8EB50127F78015394"}})};
  for (const Document& form : forms) {
    EXPECT_EQ(add(form), "201") << form.dump();
    EXPECT_EQ(shown()["publicData"], kCertificate);
    EXPECT_EQ(outcome("Certificate_Delete", the_certificate()), "202");
    EXPECT_EQ(state(), "CertificateNotFound");
  }
}

TEST_F(CertificatesTest, WhatIsNoCertificateIsRefused) {
  const struct {
    Document body;
    const char* expected;
  } refusals[] = {
      {changed(certificate(), {{"password", "wrong"}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"data", "bm9uc2Vuc2U="}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"data", "%%%"}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"thumbprint", std::string(40, '0')}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"thumbprintAlgorithm", "sha256"}}), "400 InvalidPropertyValue"},
      {changed(alone(), {{"password", "x"}}), "400 InvalidPropertyValue"},
      {changed(alone(), {{"data", kArchive}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"certificateFormat", "cer"}, {"password", nullptr}}), "400 InvalidPropertyValue"},
      {changed(certificate(), {{"data", nullptr}}), "400 MissingRequiredProperty"},
  };
  for (const auto& refusal : refusals) {
    EXPECT_EQ(add(refusal.body), refusal.expected) << refusal.body.dump();
  }
  EXPECT_EQ(state(), "CertificateNotFound");
  EXPECT_EQ(outcome("Certificate_Delete", the_certificate()), "404 CertificateNotFound");
  EXPECT_EQ(outcome("Certificate_CancelDeletion", the_certificate()), "404 CertificateNotFound");
}

TEST_F(CertificatesTest, ACertificateInUseFailsToBeDeletedUntilItsPoolsAreGone) {
  add();
  add_pool("p1");
  add_pool("p2");
  EXPECT_EQ(outcome("Certificate_CancelDeletion", the_certificate()), "409 CertificateStateActive");
  EXPECT_EQ(outcome("Certificate_Delete", the_certificate()), "202") << "the deletion fails later";
  Document document = shown();
  EXPECT_EQ(document["state"], "deletefailed");
  EXPECT_EQ(document["previousState"], "deleting");
  EXPECT_EQ(document["deleteCertificateError"]["code"], "PoolsReferencingCertificate");
  EXPECT_EQ(document["deleteCertificateError"]["values"].dump(), R"([{"name":"Pools","value":"p1,p2"}])");
  EXPECT_EQ(add_pool("p3"), "400 InvalidCertificateReferences") << "only active ones may be referred to";

  EXPECT_EQ(outcome("Certificate_CancelDeletion", the_certificate()), "204");
  document = shown();
  EXPECT_EQ(document["state"], "active");
  EXPECT_EQ(document["previousState"], "deletefailed");
  EXPECT_FALSE(document.contains("deleteCertificateError"));

  ask("Pool_Delete", {.path = {{"poolId", "p1"}}});
  ask("Certificate_Delete", the_certificate());
  EXPECT_EQ(shown()["deleteCertificateError"]["values"][0]["value"], "p2");
  ask("Pool_Patch", {.path = {{"poolId", "p2"}}, .body = {{"certificateReferences", Document::array()}}});
  EXPECT_EQ(state(), "deletefailed") << "it has to be asked for again";
  ask("Certificate_Delete", the_certificate());
  EXPECT_EQ(state(), "CertificateNotFound");
}

TEST_F(CertificatesTest, ADeletionWaitsForPoolsThatAreOnTheirWayOut) {
  add();
  add_pool("p", 1);
  boot_nodes();
  ask("Pool_Delete", {.path = {{"poolId", "p"}}});
  ask("Certificate_Delete", the_certificate());
  EXPECT_EQ(state(), "deleting");
  EXPECT_EQ(shown()["previousState"], "active");
  EXPECT_EQ(outcome("Certificate_Delete", the_certificate()), "409 CertificateBeingDeleted");
  EXPECT_EQ(outcome("Certificate_CancelDeletion", the_certificate()), "409 CertificateBeingDeleted");
  EXPECT_EQ(add(), "409 CertificateBeingDeleted");
  for (const HostOrder& order : std::exchange(host.orders, {})) {
    if (const auto* gone = std::get_if<RemoveNodeOrder>(&order)) happens(NodeRemoved{gone->what.node});
  }
  EXPECT_EQ(state(), "CertificateNotFound");
  EXPECT_EQ(add(), "201");
}

TEST_F(CertificatesTest, PoolsReferToCertificatesThatAreThere) {
  EXPECT_EQ(add_pool("p"), "400 InvalidCertificateReferences");
  add();
  EXPECT_EQ(add_pool("p", 1), "201");
  const Parameters of_pool = {{"poolId", "p"}};
  const auto references_of_node = [&] {
    return ask("ComputeNode_List", {.path = of_pool}).body["value"].at(0).value("certificateReferences", Document());
  };
  EXPECT_EQ(ask("Pool_Get", {.path = of_pool}).body["certificateReferences"], references());
  EXPECT_TRUE(references_of_node().is_null()) << "the node has not booted";
  boot_nodes();
  EXPECT_EQ(references_of_node(), references());

  const Document unknown = {{"certificateReferences", references(std::string(40, '0'))}};
  EXPECT_EQ(outcome("Pool_Patch", {.path = of_pool, .body = unknown}), "400 InvalidCertificateReferences");
  ask("Certificate_Delete", the_certificate());
  EXPECT_EQ(outcome("Pool_Patch", {.path = of_pool, .body = {{"metadata", Document::array()}}}), "200")
      << "what a change leaves alone is not looked at";
  const Document emptied = {{"certificateReferences", Document::array()},
                            {"applicationPackageReferences", Document::array()},
                            {"metadata", Document::array()}};
  EXPECT_EQ(outcome("Pool_UpdateProperties", {.path = of_pool, .body = emptied}), "204");
  EXPECT_EQ(ask("Pool_Get", {.path = of_pool}).body["certificateReferences"], Document::array());
  EXPECT_EQ(references_of_node(), Document::array());
}

TEST_F(CertificatesTest, WindowsPoolsAreToldWhereTheirCertificatesLie) {
  add();
  Document windows = pool("w", 0, {{"certificateReferences", references()}});
  windows["virtualMachineConfiguration"]["nodeAgentSKUId"] = "batch.node.windows amd64";
  ask("Pool_Add", {.body = windows});
  const Document reference = ask("Pool_Get", {.path = {{"poolId", "w"}}}).body["certificateReferences"][0];
  EXPECT_EQ(reference["storeLocation"], "currentuser");
  EXPECT_EQ(reference["storeName"], "My");
}

TEST_F(CertificatesTest, NewerVersionsKnowNothingOfCertificates) {
  add();
  add_pool("p", 1);
  boot_nodes();
  EXPECT_FALSE(shown_to("Pool_Get", {{"poolId", "p"}}, 20250601).contains("certificateReferences"));
  EXPECT_TRUE(shown_to("Pool_Get", {{"poolId", "p"}}, 20240701).contains("certificateReferences"));
  const Document nodes = shown_to("ComputeNode_List", {{"poolId", "p"}}, 20250601)["value"];
  EXPECT_FALSE(nodes.at(0).contains("certificateReferences"));
  try {
    service.call({.operation = *contract::find_operation("Pool_Patch"),
                  .path = {{"poolId", "p"}},
                  .body = {{"certificateReferences", references()}},
                  .version = {20250601}},
                 now);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "UnsupportedProperty");
  }
}

TEST_F(CertificatesTest, ListsAreFilteredSelectedAndPaged) {
  add();
  store.begin();
  for (const char* name : {"aa", "bb"}) {
    Row row = store.get(Kind::Certificate, 1);
    Document spec = Document::parse(row.spec);
    spec["thumbprint"] = name;
    store.insert(Kind::Certificate, {.id = std::string("sha1-") + name, .spec = spec.dump(), .status = row.status});
  }
  store.commit();
  add_pool("p");
  ask("Certificate_Delete", the_certificate());
  const auto listed = [&](const Parameters& query) {
    const Document page = ask("Certificate_List", {.query = query}).body;
    std::string text;
    for (const Document& item : page["value"]) text += item["thumbprint"].get<std::string>().substr(0, 4) + " ";
    return text + page.value("odata.nextLink", "");
  };
  EXPECT_EQ(listed({}), "6922 aa bb ");
  EXPECT_EQ(listed({{"$filter", "state eq 'active'"}}), "aa bb ");
  EXPECT_EQ(listed({{"$filter", "state eq 'deletefailed'"}}), "6922 ");
  EXPECT_EQ(listed({{"maxresults", "2"}}), "6922 aa http://batch/certificates?maxresults=2&$skiptoken=sha1-aa");
  EXPECT_EQ(listed({{"maxresults", "2"}, {"$skiptoken", "sha1-aa"}}), "bb ");
  Asked selected = the_certificate("AA");
  selected.query = {{"$select", "thumbprint,state"}};
  EXPECT_EQ(ask("Certificate_Get", selected).body.dump(), R"({"thumbprint":"aa","state":"active"})");
}

}  // namespace
}  // namespace batchite
