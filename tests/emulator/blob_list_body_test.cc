// A page that is asked of the backend in parts is what one call would answer.
#include "tests/emulator/blob_fixture.h"

namespace batchite::testing {
namespace {

class BlobListBodyTest : public BlobEndpointTest {
 protected:
  BlobListBodyTest() {
    make_container();
    for (const char* name : {"a", "b/1", "b/2", "b/3", "b/4", "c", "d/1", "e"}) put("/data/" + std::string(name), name);
    send({.method = "PUT", .path = "/data/c?comp=snapshot"});
    now_ += std::chrono::seconds(1);
    send({.method = "PUT", .path = "/data/c?comp=snapshot"});
    send({.method = "PUT", .path = "/data/f?comp=block&blockid=MDE%3D", .body = "only a block"});
  }
  std::string listed(std::size_t at_once, const std::string& query) {
    manners_.listed_at_once = at_once;
    const http::Response response = send({.path = "/data?restype=container&comp=list" + query});
    EXPECT_EQ(outcome(response), "200");
    return text_of(response);
  }
};

TEST_F(BlobListBodyTest, InPartsAsInOneCall) {
  for (const char* query :
       {"", "&prefix=b%2F", "&delimiter=%2F", "&delimiter=%2F&maxresults=3", "&maxresults=1", "&maxresults=2",
        "&maxresults=7", "&maxresults=8", "&maxresults=5001", "&include=snapshots", "&include=snapshots&maxresults=5",
        "&include=uncommittedblobs", "&include=snapshots%2Cuncommittedblobs%2Cmetadata", "&prefix=nothing"}) {
    EXPECT_EQ(listed(2, query), listed(5000, query)) << query;
  }
}

TEST_F(BlobListBodyTest, TheMarkerLeadsToTheNextPage) {
  std::string seen;
  for (std::string marker;;) {
    const std::string page = listed(2, "&maxresults=3&marker=" + percent_encode(marker));
    for (std::size_t at = 0; (at = page.find("<Blob><Name>", at)) != std::string::npos;) {
      at += 12;
      seen += page.substr(at, page.find('<', at) - at) + " ";
    }
    const std::size_t next = page.find("<NextMarker>");
    if (next == std::string::npos) break;
    marker = page.substr(next + 12, page.find('<', next + 12) - next - 12);
  }
  EXPECT_EQ(seen, "a b/1 b/2 b/3 b/4 c d/1 e ");
}

TEST_F(BlobListBodyTest, WhatIsWrongIsSaidBeforeAnythingIsSent) {
  EXPECT_EQ(outcome(send({.path = "/none?restype=container&comp=list"})), "404 ContainerNotFound");
  EXPECT_EQ(outcome(send({.path = "/data?restype=container&comp=list&marker=nonsense"})), "400 OutOfRangeInput");
  EXPECT_EQ(outcome(send({.path = "/data?restype=container&comp=list&maxresults=none"})),
            "400 InvalidQueryParameterValue");
}

}  // namespace
}  // namespace batchite::testing
