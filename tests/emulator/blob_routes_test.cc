#include "emulator/blob/blob_routes.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/encoding.h"
#include "core/base/error.h"

namespace batchite {
namespace {

bool is_account(std::string_view name) { return name == "acct"; }

http::Request ask(const std::string& method, const std::string& url, Parameters headers = {}) {
  const auto mark = url.find('?');
  return {.method = method,
          .path = url.substr(0, mark),
          .query = mark == std::string::npos ? "" : url.substr(mark + 1),
          .headers = std::move(headers),
          .base = "http://127.0.0.1:10000"};
}

// "GetBlob data in/clip 1.mp4", or "404 ResourceNotFound".
std::string route(const http::Request& request) {
  try {
    BlobTarget target = blob_target(request, is_account);
    Parameters query;
    for (auto& [name, value] : parse_query(request.query)) query.add(name, value);
    const BlobOperationRow& found = find_blob_route(request, query, target);
    std::string text(found.name);
    if (!target.container.empty()) text += " " + target.container;
    if (!target.blob.empty()) text += " " + target.blob;
    return text;
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.code();
  }
}

TEST(BlobRoutes, MethodLevelAndQuerySayWhichOperationItIs) {
  const struct {
    std::string method, url, expected;
  } cases[] = {
      {"GET", "/acct?comp=list", "ListContainers"},
      {"GET", "/acct/?comp=list&prefix=a", "ListContainers"},
      {"GET", "/acct/?restype=service&comp=properties", "GetBlobServiceProperties"},
      {"HEAD", "/acct/?restype=account&comp=properties", "GetAccountInformation"},
      {"GET", "/acct/data?restype=account&comp=properties", "GetAccountInformation data"},
      {"GET", "/acct/data/a?comp=properties&restype=account", "GetAccountInformation data a"},
      {"PUT", "/acct/data?restype=container", "CreateContainer data"},
      {"PUT", "/acct/data/?RESTYPE=Container", "CreateContainer data"},
      {"HEAD", "/acct/data?restype=container", "GetContainerProperties data"},
      {"GET", "/acct/data?restype=container&comp=metadata", "GetContainerMetadata data"},
      {"PUT", "/acct/data?restype=container&comp=metadata&timeout=30", "SetContainerMetadata data"},
      {"GET", "/acct/data?restype=container&comp=acl", "GetContainerACL data"},
      {"GET", "/acct/data?restype=container&comp=list", "ListBlobs data"},
      {"DELETE", "/acct/data?restype=container", "DeleteContainer data"},
      {"GET", "/acct/data/in/clip%201.mp4", "GetBlob data in/clip 1.mp4"},
      {"GET", "/acct/a.txt", "GetBlob $root a.txt"},
      {"HEAD", "/acct/data/a", "GetBlobProperties data a"},
      {"GET", "/acct/data/a?comp=metadata", "GetBlobMetadata data a"},
      {"PUT", "/acct/data/a", "PutBlob data a"},
      {"PUT", "/acct/data/a?comp=block&blockid=AA", "PutBlock data a"},
      {"PUT", "/acct/data/a?comp=blocklist", "PutBlockList data a"},
      {"PUT", "/acct/data/a?comp=lease", "LeaseBlob data a"},
      {"PUT", "/acct/data?restype=container&comp=lease", "LeaseContainer data"},
      {"GET", "/acct/data/a?comp=blocklist", "GetBlockList data a"},
      {"PUT", "/acct/data/a?comp=properties", "SetBlobProperties data a"},
      {"PUT", "/acct/data/a?comp=metadata", "SetBlobMetadata data a"},
      {"DELETE", "/acct/data/a", "DeleteBlob data a"},
      {"GET", "/acct-secondary/data/a", "GetBlob data a"},
  };
  for (const auto& [method, url, expected] : cases)
    EXPECT_EQ(route(ask(method, url)), expected) << method << " " << url;
}

TEST(BlobRoutes, HeadersTellWhereContentComesFrom) {
  const Parameters source = {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/b"}};
  EXPECT_EQ(route(ask("PUT", "/acct/data/a", source)), "CopyBlob data a");
  Parameters both = source;
  both.add("x-ms-blob-type", "BlockBlob");
  EXPECT_EQ(route(ask("PUT", "/acct/data/a", both)), "PutBlobFromURL data a");
  EXPECT_EQ(route(ask("PUT", "/acct/data/a?comp=block&blockid=AA", source)), "PutBlockFromURL data a");
  both.add("x-ms-requires-sync", "true");
  EXPECT_EQ(route(ask("PUT", "/acct/data/a?comp=appendblock", both)), "AppendBlockFromURL data a");
  EXPECT_EQ(route(ask("PUT", "/acct/data/a", {{"x-ms-copy-source", ""}})), "PutBlob data a");
}

TEST(BlobRoutes, WhatIsNotThereIsRefusedWithTheServicesCode) {
  const struct {
    std::string method, url, expected;
  } cases[] = {
      {"POST", "/acct/data/a?comp=query", "501 NotImplemented"},
      {"PATCH", "/acct/data/a", "405 UnsupportedHttpVerb"},
      {"DELETE", "/acct/data/a?comp=metadata", "405 UnsupportedHttpVerb"},
      {"HEAD", "/acct/data?restype=container&comp=list", "405 UnsupportedHttpVerb"},
      {"GET", "/acct/data/a?comp=nonsense", "400 InvalidQueryParameterValue"},
      {"GET", "/acct/data/a?restype=container", "400 InvalidQueryParameterValue"},
      {"GET", "/acct/data?comp=list", "400 InvalidQueryParameterValue"},
      {"GET", "/acct", "400 InvalidQueryParameterValue"},
      {"GET", "/", "404 ResourceNotFound"},
      {"GET", "/nobody/data/a", "404 ResourceNotFound"},
  };
  for (const auto& [method, url, expected] : cases)
    EXPECT_EQ(route(ask(method, url)), expected) << method << " " << url;
}

TEST(BlobRoutes, ARefusalNamesTheOperation) {
  BlobTarget target{.account = "acct", .container = "data", .blob = "a"};
  try {
    find_blob_route(ask("POST", "/acct/data/a?comp=query"), {{"comp", "query"}}, target);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "QueryBlobContents is not implemented.");
  }
}

TEST(BlobRoutes, NamesAreDecodedOnceAndNeverNormalised) {
  const struct {
    std::string url, expected;
  } cases[] = {
      {"/acct/data/a%252Fb", "GetBlob data a%2Fb"},
      {"/acct/data/a%2Fb", "GetBlob data a/b"},
      {"/acct/data//a//b/", "GetBlob data /a//b/"},
      {"/acct/data/a+b", "GetBlob data a+b"},
      {"/acct/data/../../x", "GetBlob data ../../x"},
      {"/acct/data/%2e%2e/x", "GetBlob data ../x"},
      {"/acct/../x", "GetBlob .. x"},
      {"/acct/a%2Fb/c", "GetBlob a/b c"},
      {"/acct//x", "400 InvalidUri"},
      {"/acct/data/a#b", "400 InvalidUri"},
      {"data/a", "400 InvalidUri"},
      {"/acct/data/%zz", "GetBlob data %zz"},
  };
  for (const auto& [url, expected] : cases) EXPECT_EQ(route(ask("GET", url)), expected) << url;
}

TEST(BlobRoutes, TheHostNamesTheAccountWhenItsFirstLabelIsOne) {
  const struct {
    std::string base, path, expected, endpoint;
  } cases[] = {
      {"http://acct.blob.localhost:10000", "/data/a", "GetBlob data a", "http://acct.blob.localhost:10000/"},
      {"https://ACCT.blob.core.windows.net", "/data/a", "GetBlob data a", "https://ACCT.blob.core.windows.net/"},
      {"http://azurite.mynet.local", "/acct/data/a", "GetBlob data a", "http://azurite.mynet.local/acct/"},
      {"http://[::1]:10000", "/acct/data/a", "GetBlob data a", "http://[::1]:10000/acct/"},
      {"http://acct-secondary.blob.localhost", "/data/a", "GetBlob data a", "http://acct-secondary.blob.localhost/"},
      {"http://127.0.0.1/acct/secret?", "/acct/data/a", "400 InvalidUri", ""},
      {"http://user@127.0.0.1", "/acct/data/a", "400 InvalidUri", ""},
      {"", "/acct/data/a", "400 InvalidUri", ""},
  };
  for (const auto& [base, path, expected, endpoint] : cases) {
    http::Request request = ask("GET", path);
    request.base = base;
    EXPECT_EQ(route(request), expected) << base;
    if (!endpoint.empty()) {
      EXPECT_EQ(blob_target(request, is_account).endpoint, endpoint);
    }
  }
}

TEST(BlobRoutes, EveryOperationHasARowThatIsDoneOrRefusedByName) {
  std::map<BlobOperation, BlobReply (*)(blob_operations::Request&)> seen;
  for (const BlobOperationRow& row : blob_operation_rows()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_EQ(seen.try_emplace(row.operation, row.run).first->second, row.run) << row.name;
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(BlobOperation::GetPageRanges) + 1);  // the last enumerator
}

}  // namespace
}  // namespace batchite
