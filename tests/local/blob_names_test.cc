#include "backends/local/blob_names.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace batchite {
namespace {

TEST(BlobNames, OrdinaryNamesAreTheirOwnPaths) {
  for (const std::string name :
       {"a", "in/clip 1.mp4", "100%.txt", "ünï/日本.txt", ".hidden", "a.b/c", "50%off", "a\\b"}) {
    EXPECT_EQ(blob_path(name), name);
  }
}

TEST(BlobNames, WhatAFileSystemCannotHoldIsEscaped) {
  const std::pair<std::string, std::string> cases[] = {
      {".", "%2E"},
      {"..", "%2E%2E"},
      {"../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"},
      {"/etc", "%e/etc"},
      {"a//b", "a/%e/b"},
      {"a/", "a/%e"},
      {"end.", "end%2E"},
      {"a.../b", "a..%2E/b"},
      {"%2E", "%252E"},
      {"x%f", "x%25f"},
      {"%e", "%25e"},
      {"a\nb", "a%0Ab"},
      {std::string("a\0b", 3), "a%00b"},
  };
  for (const auto& [name, path] : cases) {
    EXPECT_EQ(blob_path(name), path);
    EXPECT_EQ(blob_name(path), name);
  }
}

TEST(BlobNames, ClashMarksDisappearOnTheWayBack) {
  EXPECT_EQ(blob_name("a%d/b%f"), "a/b");
  EXPECT_EQ(blob_name("%e%f"), "");
}

// Any name: made of what is likely to confuse, seeded so that a failure repeats.
TEST(BlobNames, AnyNameComesBackAndStaysInItsFolder) {
  const std::string alphabet[] = {"a",    "%",    ".", "/",  "2",   "E", "e", "f", "c", "d", "\xe6\x97\xa5",
                                  "\x01", "\x7f", " ", "%c", "%2E", ".."};
  std::mt19937 random(7);
  std::set<std::string> names, paths;
  for (int i = 0; i < 20'000; ++i) {
    std::string name;
    const std::size_t pieces = 1 + random() % (i % 50 == 0 ? 900 : 12);
    for (std::size_t j = 0; j < pieces; ++j) name += alphabet[random() % std::size(alphabet)];
    const std::string path = blob_path(name);
    ASSERT_EQ(blob_name(path), name) << path;
    for (const std::string& component : blob_path_components(name)) {
      ASSERT_LE(component.size(), 255u);
      ASSERT_FALSE(component.empty() || component == "." || component == "..") << name;
      ASSERT_EQ(component.find('/'), std::string::npos);
      ASSERT_EQ(component.find('\0'), std::string::npos);
    }
    names.insert(name);
    paths.insert(path);
  }
  EXPECT_EQ(names.size(), paths.size());  // no two names share a path
}

TEST(BlobNames, ALongSegmentGoesOnInFurtherComponents) {
  const std::string name = std::string(500, 'x') + "/" + std::string(1024, '%') + "..";
  EXPECT_EQ(blob_name(blob_path(name)), name);
  EXPECT_EQ(blob_path_components(std::string(500, 'x')).size(), 3u);
}

}  // namespace
}  // namespace batchite
