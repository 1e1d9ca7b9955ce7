#include "core/base/encoding.h"

#include "core/base/uuid.h"

namespace batchite {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Base64, EncodesAndDecodesEveryLength) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xFB\xEF\xFF", "++//"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
  EXPECT_EQ(base64_decode("AAAA"), std::string(3, '\0'));
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const std::string_view text : {"Zg", "Zg=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9-", "Zg==Zg==", "=Zg="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Hex, EncodesInLowerCaseAndDecodesBothCases) {
  EXPECT_EQ(hex_encode(std::string("\x00\x7F\xAB", 3)), "007fab");
  EXPECT_EQ(hex_decode("007FaB"), std::string("\x00\x7F\xAB", 3));
  EXPECT_FALSE(hex_decode("abc"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(PercentEncoding, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("in/clip 1+2.mp4"), "in%2Fclip%201%2B2.mp4");
  EXPECT_EQ(percent_encode_path("in/clip 1+2.mp4"), "in/clip%201%2B2.mp4");
  EXPECT_EQ(percent_encode("\xC3\xA4"), "%C3%A4");
}

TEST(PercentEncoding, DecodingLeavesAPlusAndBrokenEscapesAlone) {
  EXPECT_EQ(percent_decode("wd%2Fa%20b+c"), "wd/a b+c");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%2"), "%2");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decode("%c3%A4"), "\xC3\xA4");
}

TEST(Query, IsReadInItsOrder) {
  EXPECT_THAT(parse_query("$filter=state%20eq%20%27active%27&api-version=1&x=a+b"),
              ElementsAre(Pair("$filter", "state eq 'active'"), Pair("api-version", "1"), Pair("x", "a b")));
  EXPECT_THAT(parse_query("x=a+b", Plus::Literal), ElementsAre(Pair("x", "a+b")));
}

TEST(Query, SplitsPairsAtTheFirstEqualsSignOnly) {
  EXPECT_THAT(
      parse_query("blockid=AAAA==&comp&empty=&&a=1&a=2"),
      ElementsAre(Pair("blockid", "AAAA=="), Pair("comp", ""), Pair("empty", ""), Pair("a", "1"), Pair("a", "2")));
  EXPECT_TRUE(parse_query("").empty());
}

TEST(Query, WrittenAndReadAgainIsTheSame) {
  const Query query = {{"$select", "id,state"}, {"sig", "a+b/c="}, {"x", ""}};
  EXPECT_EQ(format_query(query), "%24select=id%2Cstate&sig=a%2Bb%2Fc%3D&x=");
  EXPECT_EQ(parse_query(format_query(query)), query);
}

TEST(Uuid, CarriesVersionAndVariant) {
  std::array<unsigned char, 16> bytes{};
  EXPECT_EQ(uuid_from(bytes), "00000000-0000-4000-8000-000000000000");
  bytes.fill(0xFF);
  EXPECT_EQ(uuid_from(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace
}  // namespace batchite
