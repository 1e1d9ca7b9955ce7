// The azure backend where nobody knows the accounts' keys: tokens of Entra ID, and signatures made with user delegation
// keys, verified by the emulator's endpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/signing/sas.h"
#include "tests/support/emulated_azure.h"

namespace batchite::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class TokenRunTest : public ::testing::Test {
 protected:
  void list_pools() { backend_->call({.operation = *contract::find_operation("Pool_List")}); }
  void make_container() {
    backend_->blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"});
  }
  void put(const std::string& name, const std::string& text) {
    StringSource body(text);
    backend_->blob({.operation = BlobOperation::PutBlob,
                    .account = "acct",
                    .container = "data",
                    .blob = name,
                    .headers = {{"x-ms-blob-type", "BlockBlob"}},
                    .body = &body});
  }
  std::string sign(const std::string& blob, Ticks life = 24h, const std::string& permissions = "r") {
    return backend_->sas_url({"data", blob, permissions, azure_.service.now + life});
  }
  // Status and body, for somebody who has nothing but the URL.
  std::string fetch(const std::string& url) {
    const HttpAnswer answer = azure_.ask({.url = url});
    return std::to_string(answer.status) + (answer.ok() ? " " + answer.body : "");
  }

  EmulatedAzure azure_;
  std::unique_ptr<Backend> backend_ = azure_.open_with_tokens();
};

constexpr const char* kToken = "POST /contoso/oauth2/v2.0/token 200";
constexpr const char* kDelegation = "POST / 200";

TEST_F(TokenRunTest, EachServiceIsAskedWithATokenOfItsOwn) {
  list_pools();
  list_pools();
  make_container();
  put("b", "content");
  EXPECT_THAT(azure_.story,
              ElementsAre(kToken, "GET /pools 200", "GET /pools 200", kToken, "PUT /data 201", "PUT /data/b 201"));
}

TEST_F(TokenRunTest, ATokenThatExpiresOnTheWayIsReplaced) {
  make_container();
  list_pools();
  azure_.story.clear();
  azure_.clock_goes_wrong_by = -2h;  // so that this side takes it for good
  azure_.service.now += 2h;
  list_pools();
  put("b", "content");
  EXPECT_THAT(azure_.story,
              ElementsAre("GET /pools 401", kToken, "GET /pools 200", "PUT /data/b 401", kToken, "PUT /data/b 201"));
}

TEST_F(TokenRunTest, AServiceThatRefusesEveryTokenIsToldSo) {
  list_pools();
  azure_.story.clear();
  azure_.faults = {answers(401), nullptr, answers(401)};
  EXPECT_THROW(list_pools(), Error);
  EXPECT_THAT(azure_.story, ElementsAre("GET /pools 401", kToken, "GET /pools 401"));
}

TEST_F(TokenRunTest, ASignedUrlOpensWhatItNames) {
  make_container();
  put("a b/ü", "content");
  put("other", "secret");
  const std::string url = sign("a b/ü");
  EXPECT_EQ(fetch(url), "200 content");
  std::string elsewhere = url;
  elsewhere.replace(elsewhere.find("a%20b"), elsewhere.find('?') - elsewhere.find("a%20b"), "other");
  EXPECT_EQ(fetch(elsewhere), "403");
  EXPECT_EQ(fetch(sign("a b/ü", 24h, "w")), "403");
  EXPECT_EQ(fetch(sign("", 24h, "rl") + "&restype=container&comp=list").substr(0, 4), "200 ");
}

TEST_F(TokenRunTest, ASignatureEndsWhenItWasToEnd) {
  make_container();
  put("b", "content");
  const std::string hour = sign("b", 1h), week = sign("b", 24h * 7);
  azure_.service.now += 59min;
  EXPECT_EQ(fetch(hour), "200 content");
  azure_.service.now += 2min;
  EXPECT_EQ(fetch(hour), "403");
  azure_.service.now += 24h * 6;
  EXPECT_EQ(fetch(week), "200 content");
}

TEST_F(TokenRunTest, ADelegationKeyServesForADay) {
  make_container();
  put("b", "content");
  azure_.story.clear();
  for (int i = 0; i < 3; ++i) sign("b", 24h * 7);
  EXPECT_THAT(azure_.story, ElementsAre(kDelegation));
  azure_.story.clear();
  azure_.service.now += 25h;
  sign("b", 24h * 2);
  EXPECT_THAT(azure_.story, ElementsAre()) << "it lasts long enough for this one";
  const std::string url = sign("b", 24h * 7);
  EXPECT_THAT(azure_.story, ElementsAre(kToken, kDelegation));
  EXPECT_EQ(fetch(url), "200 content");
}

TEST_F(TokenRunTest, AnAccountMayBeReachedByASignatureAlone) {
  make_container();
  put("b", "content");
  const std::string key = base64_decode(kStorageKey).value();
  const std::string sas = signing::make_account_sas(
      {.terms = {.permissions = "rl", .expiry = azure_.service.now + 1h}, .account = "acct"}, key);
  backend_ = azure_.open_with_signature(sas);
  azure_.story.clear();
  EXPECT_EQ(fetch(sign("b")), "200 content");
  backend_->blob({.operation = BlobOperation::ListBlobs, .account = "acct", .container = "data"});
  EXPECT_THROW(put("c", "no"), Error) << "it may read and list";
  EXPECT_THAT(azure_.story, ElementsAre("GET /data/b 200", "GET /data 200", "PUT /data/c 403"));
}

}  // namespace
}  // namespace batchite::testing
