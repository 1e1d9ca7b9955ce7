#include "core/blob/blob_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace batchite {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto kStart = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";

Document blob(const std::string& name) { return {{"Blob", {{"Name", name}, {"Properties", {{"Content-Length", 3}}}}}}; }
Document prefix(const std::string& name) { return {{"BlobPrefix", {{"Name", name}}}}; }

void tell(const Document& content, ListingSink& sink) {
  for (const auto& [name, value] : content.items()) {
    if (name == "Metadata") {
      sink.document(name, value);
    } else if (value.is_object()) {
      sink.open(name);
      tell(value, sink);
      sink.close(name);
    } else if (value.is_string()) {
      sink.text(name, value.get<std::string>());
    } else {
      sink.literal(name, value.dump());
    }
  }
}

std::string list(const std::vector<Document>& items, const Parameters& query = {},
                 const std::string& version = "2021-12-02") {
  BlobListXml xml({.endpoint = "http://h/acct/", .container = "data", .query = query, .version = version});
  for (const Document& item : items) tell(item, xml);
  return xml.finish({{"NextMarker", ""}});
}

std::string refused(const std::string& xml) {
  try {
    return read_block_list(xml).dump();
  } catch (const Error& error) {
    std::string text = error.code();
    for (const auto& [name, value] : error.values()) text += " " + value;
    return text;
  }
}

TEST(BlobXml, AnErrorHasCodeMessageAndTheNamedValues) {
  const Error error(400, "InvalidHeaderValue", "The value is bad.",
                    {{"HeaderName", "x-ms-version"}, {"HeaderValue", "<&"}});
  EXPECT_EQ(error_xml(error, "id-1", "2024-03-05T10:00:00.0000000Z"),
            std::string(kStart) +
                "<Error><Code>InvalidHeaderValue</Code><Message>The value is bad.\nRequestId:id-1\n"
                "Time:2024-03-05T10:00:00.0000000Z</Message><HeaderName>x-ms-version</HeaderName>"
                "<HeaderValue>&lt;&amp;</HeaderValue></Error>");
}

TEST(BlobXml, TextThatXmlCannotHoldDoesNotBreakAnError) {
  const Error error(400, "Bad", "m",
                    {{"HeaderValue",
                      "a\x01"
                      "b\xFF"
                      "c"},
                     {"Content-Range", "no element"}});
  EXPECT_THAT(error_xml(error, "i", "t"), EndsWith("<HeaderValue>a\xEF\xBF\xBD"
                                                   "b\xEF\xBF\xBD"
                                                   "c</HeaderValue></Error>"));
}

TEST(BlobXml, AListingRepeatsWhatWasAskedAndNothingElse) {
  EXPECT_EQ(list({}),
            std::string(kStart) +
                "<EnumerationResults ServiceEndpoint=\"http://h/acct/\" ContainerName=\"data\"><Blobs></Blobs>"
                "<NextMarker /></EnumerationResults>");
  const std::string xml = list({}, {{"delimiter", "/"}, {"maxresults", "5"}, {"prefix", "a&b"}, {"marker", ""}});
  EXPECT_THAT(
      xml, HasSubstr("\"data\"><Prefix>a&amp;b</Prefix><Marker /><MaxResults>5</MaxResults><Delimiter>/</Delimiter>"));
}

TEST(BlobXml, EachBlobHasWhatItsVersionOfTheServiceSays) {
  Document item = blob("a");
  item["Blob"]["Properties"] = {{"Etag", "0x1"}, {"Content-Encoding", ""}, {"AccessTierInferred", true}};
  item["Blob"]["Metadata"] = {{"Color", "red"}};
  const std::string body =
      "<Blob><Name>a</Name><Properties><Etag>0x1</Etag><Content-Encoding "
      "/><AccessTierInferred>true</AccessTierInferred>"
      "</Properties><Metadata><Color>red</Color></Metadata>";
  EXPECT_THAT(list({item}), HasSubstr(body + "<OrMetadata /></Blob>"));
  EXPECT_THAT(list({item}, {}, "2018-11-09"), HasSubstr(body + "</Blob>"));
}

TEST(BlobXml, NamesThatXmlCannotHoldAreEncodedAndSaySo) {
  const struct {
    std::string name, expected;
  } cases[] = {
      {"a<b>&\"c", "<Name>a&lt;b&gt;&amp;&quot;c</Name>"},
      {"a\rb", "<Name>a&#xD;b</Name>"},
      {"a\x01/b", "<Name Encoded=\"true\">a%01%2Fb</Name>"},
      {"a\xEF\xBF\xBE", "<Name Encoded=\"true\">a%EF%BF%BE</Name>"},  // U+FFFE
      {"a\xED\xA0\x80", "<Name Encoded=\"true\">a%ED%A0%80</Name>"},  // half of a pair
      {"a\xC0\xAF", "<Name Encoded=\"true\">a%C0%AF</Name>"},         // a slash, written too long
      {"a\xE2\x82", "<Name Encoded=\"true\">a%E2%82</Name>"},         // cut off
      {"ä€😀", "<Name>ä€😀</Name>"},
  };
  for (const auto& [name, expected] : cases) {
    EXPECT_THAT(list({blob(name)}), HasSubstr("<Blob>" + expected)) << expected;
    EXPECT_THAT(list({prefix(name)}), HasSubstr("<BlobPrefix>" + expected + "</BlobPrefix>"));
  }
}

TEST(BlobXml, ContainersAndBlockListsHaveTheirOwnShape) {
  const Document page = {{"Containers", {{{"Name", "data"}, {"Properties", {{"Etag", "\"0x1\""}}}}}},
                         {"NextMarker", "/acct/next"}};
  const Parameters query;
  EXPECT_THAT(container_list_xml(page, {.endpoint = "http://h/acct/", .container = "", .query = query, .version = ""}),
              EndsWith("ServiceEndpoint=\"http://h/acct/\"><Containers><Container><Name>data</Name><Properties>"
                       "<Etag>&quot;0x1&quot;</Etag></Properties></Container></Containers>"
                       "<NextMarker>/acct/next</NextMarker></EnumerationResults>"));
  EXPECT_EQ(document_xml("BlockList", {{"CommittedBlocks", {{"Block", {{{"Name", "QQ=="}, {"Size", 3}}}}}},
                                       {"UncommittedBlocks", Document::object()}}),
            std::string(kStart) +
                "<BlockList><CommittedBlocks><Block><Name>QQ==</Name><Size>3</Size></Block></CommittedBlocks>"
                "<UncommittedBlocks /></BlockList>");
  EXPECT_EQ(document_xml("SignedIdentifiers", Document::object()), std::string(kStart) + "<SignedIdentifiers />");
  EXPECT_EQ(document_xml("P", {{"A", {{"Enabled", false}}}, {"Cors", Document::object()}}),
            std::string(kStart) + "<P><A><Enabled>false</Enabled></A><Cors /></P>");
}

TEST(BlobXml, ABlockListIsReadInItsOrder) {
  const std::string expected =
      R"([{"id":"QQ==","list":"latest"},{"id":"Qg==","list":"committed"},{"id":"QQ==","list":"uncommitted"}])";
  const std::string items = "<Latest>QQ==</Latest>\n <Committed> Qg== </Committed><Uncommitted>QQ==</Uncommitted>";
  EXPECT_EQ(refused("<BlockList>" + items + "</BlockList>"), expected);
  EXPECT_EQ(refused(std::string(kStart) + "\n<!-- c --><BlockList>" + items + "</BlockList>\n"), expected);
  EXPECT_EQ(refused("<BlockList />"), "[]");
  EXPECT_EQ(refused("<BlockList><Latest>&#81;Q=&#61;</Latest></BlockList>"), R"([{"id":"QQ==","list":"latest"}])");
}

TEST(BlobXml, HostileBlockListsAreRefused) {
  const struct {
    std::string xml, expected;
  } cases[] = {
      {"", "InvalidXmlDocument"},
      {"[]", "InvalidXmlDocument"},
      {"<BlockList>\n<Latest>QQ==</Lat></BlockList>", "InvalidXmlDocument 2"},
      {"<BlockList><Latest>QQ==</Latest>", "InvalidXmlDocument"},
      {"<Blocks/>", "InvalidXmlDocument"},
      {"<BlockList/><BlockList/>", "InvalidXmlDocument"},
      {"<BlockList><Lastest>QQ==</Lastest></BlockList>", "UnsupportedXmlNode Lastest"},
      {"<BlockList><Latest/></BlockList>", "InvalidXmlNodeValue Latest"},
      {"<BlockList><Latest><b>QQ==</b></Latest></BlockList>", "InvalidXmlNodeValue Latest"},
      {"<!DOCTYPE x [<!ENTITY a \"QQ==\">]><BlockList><Latest>&a;</Latest></BlockList>", "InvalidXmlDocument 1"},
      {"<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><BlockList/>", "InvalidXmlDocument 1"},
  };
  for (const auto& [xml, expected] : cases) EXPECT_THAT(refused(xml), StartsWith(expected)) << xml;
  // Nothing is expanded: what looks like an entity stays what it is, and then is no block id.
  EXPECT_EQ(refused("<BlockList><Latest>&lol;</Latest></BlockList>"), R"([{"id":"&lol;","list":"latest"}])");
}

TEST(BlobXml, DeepNestingIsNoDanger) {
  std::string xml = "<BlockList>";
  for (int i = 0; i < 200'000; ++i) xml += "<a>";
  EXPECT_THAT(refused(xml), StartsWith("InvalidXmlDocument"));
}

}  // namespace
}  // namespace batchite
