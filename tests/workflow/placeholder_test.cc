#include "core/workflow/placeholder.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

std::string filled(std::string_view text, const Fill& fill) {
  try {
    return fill_placeholders(text, fill);
  } catch (const ExpressionError& error) {
    return "refused: " + error.text;
  }
}

TEST(Placeholder, OfASweepIsAValueOfItsSet) {
  const std::vector<std::int64_t> values{5, -7};
  const Fill fill = sweep_filler(values);
  const std::pair<const char*, const char*> cases[] = {
      {"part{0:3} at {1}", "part005 at -7"},
      {"{0}{0}", "55"},
      {"{0:1}", "5"},
      {"{0:9}", "000000005"},
      {"{{0}}", "{0}"},
      {"{{{0}}}", "{5}"},
      {"${{f%.*}}", "${f%.*}"},
      {"awk '{{print $1}}'", "awk '{print $1}'"},
      {"", ""},
      {"none", "none"},
  };
  for (const auto& [text, result] : cases) EXPECT_EQ(filled(text, fill), result);
}

TEST(Placeholder, OfASweepIsRefusedWhenItCannotBeFilled) {
  const std::vector<std::int64_t> values{5, -7};
  const Fill fill = sweep_filler(values);
  const std::pair<const char*, const char*> cases[] = {
      {"{2}", "there is no parameter set 2 for {2}; there are 2"},
      {"{1:3}", "-7 is negative and cannot be padded"},
      {"{0:0}", "between 1 and 9"},
      {"{0:10}", "between 1 and 9"},
  };
  for (const auto& [text, cause] : cases) EXPECT_THAT(filled(text, fill), HasSubstr(cause));
}

TEST(Placeholder, BracesLeftOverAreRefused) {
  const std::vector<std::int64_t> values{5};
  const Fill fill = sweep_filler(values);
  for (const char* text :
       {"{", "}", "a } b", "{x}", "{fileName}", "{0}}", "{{0}", "{{{", "{ 0 }", "{0:x}", "{}", "{-1}"}) {
    EXPECT_THAT(filled(text, fill), HasSubstr("is no placeholder; write {{ and }}")) << text;
  }
}

TEST(Placeholder, OfAFileIsItsAddressOrAPartOfItsName) {
  const SourceFile file{"day1/a b.tar.gz", "https://x/y?sig=1"};
  EXPECT_EQ(filled("{url} {filePath} {fileName} {fileNameWithoutExtension}", file_filler(file)),
            "https://x/y?sig=1 day1/a b.tar.gz a b.tar.gz a b.tar");
  const SourceFile hidden{".profile", "u"};
  EXPECT_EQ(filled("{fileNameWithoutExtension}", file_filler(hidden)), ".profile");
  const SourceFile bare{"dir.d/README", "u"};
  EXPECT_EQ(filled("{fileNameWithoutExtension}", file_filler(bare)), "README");
  EXPECT_THAT(filled("{0}", file_filler(file)), HasSubstr("is no placeholder"));
}

TEST(Placeholder, IsReplacedInOnePass) {
  const SourceFile file{"{url}\\1 {x}.mp4", "u"};
  EXPECT_EQ(filled("{fileName}", file_filler(file)), "{url}\\1 {x}.mp4");
}

TEST(Placeholder, IsReplacedInTheListedPropertiesAndNoOthers) {
  const Document task = read_fixture("templates/placeholders.json");
  const std::vector<std::int64_t> values{7};
  const Document filled_task = fill_task(task["task"], sweep_filler(values), "t", Report("t.json"));
  EXPECT_EQ(filled_task.dump(1), task["filled"].dump(1));
}

}  // namespace
}  // namespace batchite::workflow
