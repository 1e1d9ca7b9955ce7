#include "backends/local/file_pattern.h"

#include <gtest/gtest.h>

namespace batchite {
namespace {

TEST(FilePattern, MatchesAsTheServiceSays) {
  const struct {
    std::string pattern, path;
    bool expected;
  } cases[] = {
      {"*", "a.txt", true},
      {"*", "d/a.txt", false},
      {"*", ".hidden", false},
      {".*", ".hidden", true},
      {"*.txt", "a.txt", true},
      {"*.txt", ".txt", false},
      {"std*.txt", "stdout.txt", true},
      {"std*.txt", "stdout.txt.bak", false},
      {"?.txt", "a.txt", true},
      {"?.txt", "ab.txt", false},
      {"?hidden", ".hidden", false},
      {"[abc]1", "b1", true},
      {"[a-c]1", "d1", false},
      {"[!abc]1", "d1", true},
      {"[!abc]1", "a1", false},
      {"[.]x", ".x", false},
      {"abc[*]", "abc*", true},
      {"abc[*]", "abcd", false},
      {"a[]]b", "a]b", true},
      {"a[b*", "a[bcd", true},
      {"[a-]", "-", true},
      {"**/*.txt", "a.txt", true},
      {"**/*.txt", "x/y/a.txt", true},
      {"**/*.txt", ".x/a.txt", false},
      {"**.txt", "x/y/a.txt", true},
      {"**", "x/y/z", true},
      {"*/**/f", "x/f", true},
      {"*/**/f", "x/y/z/f", true},
      {"*/**/f", "f", false},
      {"**/**/f", "a/b/f", true},
      {"*/f", "x/y/f", false},
      {"*a*a*a*a*a*b", std::string(60, 'a'), false},
  };
  for (const auto& [pattern, path, expected] : cases) {
    EXPECT_EQ(FilePattern(pattern).matches(path), expected) << pattern << " against " << path;
  }
}

TEST(FilePattern, KnowsItsPlainBeginning) {
  const struct {
    std::string pattern, base;
    bool wild;
  } cases[] = {
      {"../std*.txt", "..", true},
      {"out/x/*.png", "out/x", true},
      {"/data/in.txt", "/data/in.txt", false},
      {"/data/**/*.txt", "/data", true},
      {"*.txt", "", true},
      {"out//a.txt", "out/a.txt", false},
      {"/*", "/", true},
      {"a/b*/c", "a", true},
  };
  for (const auto& [pattern, base, wild] : cases) {
    EXPECT_EQ(FilePattern(pattern).base(), base) << pattern;
    EXPECT_EQ(FilePattern(pattern).has_wildcards(), wild) << pattern;
  }
  EXPECT_TRUE(FilePattern("out/a*/b").matches("a1/b"));
}

TEST(FilePattern, DirectoriesThatCannotLeadToAMatchAreNotWalked) {
  EXPECT_FALSE(FilePattern("*.txt").may_match_below("d"));
  EXPECT_TRUE(FilePattern("*/x").may_match_below("d"));
  EXPECT_FALSE(FilePattern("a*/x").may_match_below("b"));
  EXPECT_FALSE(FilePattern("*/x").may_match_below("d/e"));
  EXPECT_TRUE(FilePattern("**/x").may_match_below("d/e"));
}

TEST(FilePattern, VariablesAreExpandedWhereTheyAreKnown) {
  const std::vector<std::string> environment = {"AZ_BATCH_TASK_ID=t1", "EMPTY=", "DIR=/d"};
  const std::pair<std::string, std::string> cases[] = {
      {"$AZ_BATCH_TASK_ID.txt", "t1.txt"},
      {"${DIR}x/$DIR/%DIR%", "/dx//d//d"},
      {"a$EMPTY", "a"},
      {"$UNKNOWN/50%/%X%", "$UNKNOWN/50%/%X%"},
      {"$", "$"},
      {"${DIR", "${DIR"},
      {"$AZ_BATCH_TASK_IDX", "$AZ_BATCH_TASK_IDX"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(expand_variables(text, environment), expected) << text;
}

}  // namespace
}  // namespace batchite
