#include "cli/printer.h"

#include <gtest/gtest.h>

#include <sstream>

namespace batchite::cli {
namespace {

constexpr Column kColumns[] = {{"NAME", "name"}, {"SIZE", "more.size", true}, {"STATE", "state"}};

std::string printed(Format format, const std::vector<Document>& documents, bool color = false) {
  std::ostringstream out;
  Printer(out, format, color).list(documents, kColumns);
  return out.str();
}

const std::vector<Document> kTwo = {{{"name", "a"}, {"more", {{"size", 7}}}, {"state", "completed"}},
                                    {{"name", "żółć 日本"}, {"more", {{"size", 12345}}}}};

TEST(Printer, ATableIsAlignedByWhatATerminalShows) {
  EXPECT_EQ(printed(Format::Table, kTwo),
            "NAME        SIZE  STATE\n"
            "a              7  completed\n"
            "żółć 日本  12345\n");
}

TEST(Printer, OneTableInEveryFormat) {
  struct Case {
    Format format;
    std::string expected;
  };
  const std::vector<Document> one = {{{"name", "a\tb\nc\\d"}, {"more", {{"size", 7}}}}};
  const Case cases[] = {
      {Format::Table, "NAME     SIZE  STATE\na b c\\d     7\n"},
      {Format::Tsv, "NAME\tSIZE\tSTATE\na\\tb\\nc\\\\d\t7\t\n"},
      {Format::JsonLines, "{\"name\":\"a\\tb\\nc\\\\d\",\"more\":{\"size\":7}}\n"},
      {Format::Json, "[\n  {\n    \"name\": \"a\\tb\\nc\\\\d\",\n    \"more\": {\n      \"size\": 7\n    }\n  }\n]\n"},
  };
  for (const Case& one_case : cases) EXPECT_EQ(printed(one_case.format, one), one_case.expected);
}

TEST(Printer, NothingIsAnEmptyListInJsonAndOnlyTitlesInATable) {
  EXPECT_EQ(printed(Format::Json, {}), "[]\n");
  EXPECT_EQ(printed(Format::JsonLines, {}), "");
  EXPECT_EQ(printed(Format::Table, {}), "NAME  SIZE  STATE\n");
}

TEST(Printer, ColorMarksStatesAndKeepsTheAlignment) {
  EXPECT_EQ(printed(Format::Table, {{{"name", "a"}, {"state", "completed"}}}, true),
            "NAME  SIZE  STATE\na           \x1b[32mcompleted\x1b[0m\n");
}

TEST(Printer, ControlCharactersOfOthersDoNotReachTheTerminal) {
  EXPECT_EQ(printed(Format::Table, {{{"name", "a\x1b[31m"}}}), "NAME    SIZE  STATE\na [31m\n");
}

TEST(Printer, OneResourceAsATableShowsEveryValueWithItsPath) {
  std::ostringstream out;
  Printer(out, Format::Table, false)
      .one({{"id", "p"}, {"info", {{"list", {1, 2}}, {"none", Document::array()}}}, {"flag", true}});
  EXPECT_EQ(out.str(),
            "PROPERTY      VALUE\n"
            "id            p\n"
            "info.list[0]  1\n"
            "info.list[1]  2\n"
            "info.none     []\n"
            "flag          true\n");
}

}  // namespace
}  // namespace batchite::cli
