#include "core/base/document.h"

#include "core/base/error.h"

namespace batchite {
namespace {

std::string complaint(std::string_view text) {
  try {
    parse_document(text, "pool.json");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Document, KeepsItsMembersInTheirOrder) {
  EXPECT_EQ(parse_document(R"({"z":1,"a":{"y":[],"b":null}})", "x").dump(), R"({"z":1,"a":{"y":[],"b":null}})");
}

TEST(Document, BrokenJsonIsNamedByFileLineAndColumn) {
  const struct {
    std::string_view text, place;
  } cases[] = {
      {"", "pool.json:1:1: "},
      {"{\"id\": }", "pool.json:1:8: "},
      {"{\n  \"id\": \"p1\"\n  \"vmSize\": \"a1\"\n}", "pool.json:3:10: "},
      {"{\n  \"id\": \"p1\",\n}", "pool.json:3:1: "},
      {"[1, 2", "pool.json:1:6: "},
      {"{} x", "pool.json:1:4: "},
      {"{\n\"a\": \"b\n\"}", "pool.json:2:8: "},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(complaint(c.text), testing::StartsWith(c.place)) << c.text;
  }
}

TEST(Document, TheComplaintSaysWhatIsWrongWithoutTheParsersOwnNumbers) {
  const std::string text = complaint("{\"id\": }");
  EXPECT_THAT(text, testing::HasSubstr("not valid JSON"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("json.exception")));
}

TEST(Reader, AbsentAndNullAreTheSame) {
  const Document object = {{"a", nullptr}, {"b", 3}, {"c", {{"d", "x"}}}, {"e", {1, 2}}};
  const Reader reader(object);
  EXPECT_FALSE(reader.has("a"));
  EXPECT_FALSE(reader.has("none"));
  EXPECT_EQ(reader.get("a", 7), 7);
  EXPECT_EQ(reader.get("b", 7), 3);
  EXPECT_EQ(reader.object("c").text("d"), "x");
  EXPECT_EQ(reader.object("none").text("d"), "");
  EXPECT_EQ(reader.array("e").size(), 2U);
  EXPECT_TRUE(reader.array("none").empty());
}

TEST(Reader, ReadsNothingFromWhatIsNoObject) {
  const Document list = Document::array({1});
  EXPECT_FALSE(Reader(list).has("a"));
}

}  // namespace
}  // namespace batchite
