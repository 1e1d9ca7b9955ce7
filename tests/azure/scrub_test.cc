#include "backends/azure/scrub.h"

#include <gtest/gtest.h>

namespace batchite::azure {
namespace {

const Scrubber scrubber({{"TheAccountKey==", std::string(kScrubbed)}, {"https://real.blob", "https://acct.blob"}});

TEST(ScrubTest, SecretsGoFromTexts) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://a/c/b?sp=r&sig=abc%2Fd%3D&se=1", "https://a/c/b?sp=r&sig={{secret}}&se=1"},
      {"see https://a/c?SIG=abc and more", "see https://a/c?SIG={{secret}} and more"},
      {"u=https%3A%2F%2Fa%3Fsig%3Dabc%26se%3D1", "u=https%3A%2F%2Fa%3Fsig%3D{{secret}}%26se%3D1"},
      {"AccountName=a;AccountKey=k+/=;EndpointSuffix=x", "AccountName=a;AccountKey={{secret}};EndpointSuffix=x"},
      {"grant_type=client_credentials&client_secret=s~1&scope=x",
       "grant_type=client_credentials&client_secret={{secret}}&scope=x"},
      {"DELETE /c/b HTTP/1.1\r\nAuthorization: SharedKey a:xyz=\r\nx-ms-date: d",
       "DELETE /c/b HTTP/1.1\r\nAuthorization: {{secret}}\r\nx-ms-date: d"},
      {"/subscriptions/1a2b/resourceGroups/g", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g"},
      {"<UserDelegationKey><SignedOid>o</SignedOid><Value>v=</Value></UserDelegationKey>",
       "<UserDelegationKey><SignedOid>o</SignedOid><Value>{{secret}}</Value></UserDelegationKey>"},
      {"<Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags>", "<Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags>"},
      {"echo TheAccountKey==", "echo {{secret}}"},
      {"https://real.blob.x/c", "https://acct.blob.x/c"},
      {"sig=", "sig="},
      {"nothing to hide", "nothing to hide"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(scrubber.text(text), expected);
}

TEST(ScrubTest, SecretsGoFromDocuments) {
  const Document document = Document::parse(R"({
    "id": "p", "commandLine": "echo TheAccountKey==",
    "userAccounts": [{"name": "u", "password": "pw1", "linuxUserConfiguration": {"sshPrivateKey": "pk", "uid": 3}}],
    "mountConfiguration": [{"azureBlobFileSystemConfiguration": {"accountName": "a", "accountKey": "ak", "sasKey": "sk"}}],
    "environmentSettings": [{"name": "MY_API_KEY", "value": "v1"}, {"name": "COLOUR", "value": "blue"}],
    "resourceFiles": [{"httpUrl": "https://a/c/b?sig=abc&sp=r", "filePath": "f"}],
    "extensions": [{"name": "e", "protectedSettings": {"deep": "secret"}, "settings": {"open": 1}}],
    "data": "stays"})");
  const Document expected = Document::parse(R"({
    "id": "p", "commandLine": "echo {{secret}}",
    "userAccounts": [{"name": "u", "password": "{{secret}}",
                      "linuxUserConfiguration": {"sshPrivateKey": "{{secret}}", "uid": 3}}],
    "mountConfiguration": [{"azureBlobFileSystemConfiguration":
                            {"accountName": "a", "accountKey": "{{secret}}", "sasKey": "{{secret}}"}}],
    "environmentSettings": [{"name": "MY_API_KEY", "value": "{{secret}}"}, {"name": "COLOUR", "value": "blue"}],
    "resourceFiles": [{"httpUrl": "https://a/c/b?sig={{secret}}&sp=r", "filePath": "f"}],
    "extensions": [{"name": "e", "protectedSettings": "{{secret}}", "settings": {"open": 1}}],
    "data": "stays"})");
  EXPECT_EQ(scrubber.document(document), expected);
  const Document certificate = {{"thumbprint", "ab"}, {"data", "MII"}, {"password", "pw"}};
  EXPECT_EQ(scrubber.document(certificate),
            Document({{"thumbprint", "ab"}, {"data", kScrubbed}, {"password", kScrubbed}}));
}

TEST(ScrubTest, HeadersKeepNobodysName) {
  const Parameters kept = scrubber.headers({{"Authorization", "SharedKey a:b"},
                                            {"x-ms-date", "now"},
                                            {"x-ms-encryption-key", "k"},
                                            {"x-ms-copy-source", "https://real.blob/c/b?sig=s&sp=r"},
                                            {"If-Match", "*"}});
  std::string text;
  for (const auto& [name, value] : kept) text += name + ": " + value + "\n";
  EXPECT_EQ(text,
            "x-ms-encryption-key: {{secret}}\nx-ms-copy-source: https://acct.blob/c/b?sig={{secret}}&sp=r\n"
            "If-Match: *\n");
}

}  // namespace
}  // namespace batchite::azure
