#include "tests/emulator/blob_fixture.h"

namespace batchite::testing {
namespace {

class BlobWebsiteTest : public BlobEndpointTest {
 protected:
  BlobWebsiteTest() {
    make_container("$web");
    for (const auto& [name, text] : {std::pair("index.html", "home"), std::pair("docs/index.html", "docs"),
                                     std::pair("a%20b.css", "style"), std::pair("404.html", "gone")}) {
      put("/$web/" + std::string(name), text, {{"x-ms-blob-content-type", "text/x"}});
    }
  }
  void set(const std::string& settings) {
    const http::Response set = send({.method = "PUT",
                                     .path = "/?restype=service&comp=properties",
                                     .body = "<StorageServiceProperties><StaticWebsite>" + settings +
                                             "</StaticWebsite></StorageServiceProperties>"});
    EXPECT_EQ(outcome(set), "202");
  }
  http::Response visit(const std::string& path, const std::string& method = "GET", Parameters headers = {},
                       const std::string& host = "devstoreaccount1.web.localhost:10000") {
    headers.set("x-ms-version", "2021-12-02");
    return send_unsigned(
        {.method = method, .path = path, .headers = std::move(headers), .account = "", .base = "http://" + host});
  }
  // "200 home"
  std::string seen(const std::string& path) {
    const http::Response response = visit(path);
    return std::to_string(response.status) + " " + text_of(response);
  }
  static constexpr auto kOn = "<Enabled>true</Enabled><IndexDocument>index.html</IndexDocument>";
  static constexpr auto kError = "<ErrorDocument404Path>404.html</ErrorDocument404Path>";
};

TEST_F(BlobWebsiteTest, PagesAreReadByAnybody) {
  set(std::string(kOn) + kError);
  EXPECT_EQ(seen("/"), "200 home");
  EXPECT_EQ(seen("/index.html"), "200 home");
  EXPECT_EQ(seen("/docs/"), "200 docs");
  EXPECT_EQ(seen("/a%20b.css"), "200 style");
  EXPECT_EQ(seen("/nothing"), "404 gone");
  EXPECT_EQ(seen("/nothing/"), "404 gone");
  EXPECT_EQ(seen("/INDEX.html"), "404 gone");
  const http::Response page = visit("/");
  EXPECT_EQ(page.headers.get("Content-Type"), "text/x");
  EXPECT_TRUE(page.headers.has("ETag"));
  EXPECT_EQ(visit("/", "GET", {{"If-None-Match", page.headers.get("ETag")}}).status, 304u);
  EXPECT_EQ(visit("/", "GET", {{"Range", "bytes=0-1"}}).status, 206u);
  const http::Response head = visit("/", "HEAD");
  EXPECT_EQ(head.headers.get("Content-Length") + text_of(head), "4");
  EXPECT_EQ(visit("/", "GET", {}, "devstoreaccount1.z6.web.core.windows.net").status, 200u);
}

TEST_F(BlobWebsiteTest, NothingElseIs) {
  EXPECT_EQ(outcome(visit("/")), "404 ResourceNotFound");  // it is off
  set(kOn);
  EXPECT_EQ(outcome(visit("/nothing")), "404 BlobNotFound");
  EXPECT_EQ(outcome(visit("/index.html", "PUT")), "405 UnsupportedHttpVerb");
  EXPECT_EQ(outcome(visit("/index.html", "DELETE")), "405 UnsupportedHttpVerb");
  EXPECT_EQ(outcome(visit("/", "GET", {}, "nobody.web.localhost:10000")), "404 ResourceNotFound");
  EXPECT_EQ(outcome(visit("/$web/index.html", "GET", {}, "devstoreaccount1.blob.localhost:10000")),
            "401 NoAuthenticationInformation");
  make_container("data");
  put("/data/secret", "x");
  for (const char* path : {"/../data/secret", "/%2e%2e/data/secret", "/data/secret", "//data/secret"}) {
    EXPECT_EQ(visit(path).status, 404u) << path;
  }
  set("<Enabled>false</Enabled>");
  EXPECT_EQ(outcome(visit("/")), "404 ResourceNotFound");
}

TEST_F(BlobWebsiteTest, OneIndexForTheRoot) {
  set("<Enabled>true</Enabled><DefaultIndexDocumentPath>docs/index.html</DefaultIndexDocumentPath>");
  EXPECT_EQ(seen("/"), "200 docs");
  EXPECT_EQ(outcome(send({.method = "PUT",
                          .path = "/?restype=service&comp=properties",
                          .body = "<StorageServiceProperties><StaticWebsite><Enabled>maybe</Enabled></StaticWebsite>"
                                  "</StorageServiceProperties>"})),
            "400 InvalidXmlNodeValue");
}

}  // namespace
}  // namespace batchite::testing
