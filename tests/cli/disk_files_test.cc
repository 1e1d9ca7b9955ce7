#include "cli/disk_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "core/base/error.h"

namespace batchite::cli {
namespace {

using ::testing::ElementsAre;
namespace fs = std::filesystem;

class DiskFilesTest : public ::testing::Test {
 protected:
  DiskFilesTest() {
    std::string path = ::testing::TempDir() + "/files-XXXXXX";
    folder_ = mkdtemp(path.data());
    for (const char* name : {"a.mp4", "b.mp4", "c.txt", ".hidden.mp4", "day 1/d.mp4", "day 1/deep/e.mp4", "w[1].mp4"}) {
      fs::create_directories((folder_ / name).parent_path());
      std::ofstream(folder_ / name) << "content of " << name;
    }
  }
  ~DiskFilesTest() override { fs::remove_all(folder_); }

  std::vector<std::string> names(const std::string& pattern) {
    std::vector<std::string> found;
    for (const auto& file : DiskFiles(folder_).find((folder_ / pattern).string())) found.push_back(file.name);
    return found;
  }
  fs::path folder_;
};

TEST_F(DiskFilesTest, NamesAreRelativeToWhatStandsBeforeTheFirstWildcard) {
  EXPECT_THAT(names("a.mp4"), ElementsAre("a.mp4"));
  EXPECT_THAT(names("*.mp4"), ElementsAre("a.mp4", "b.mp4", "w[1].mp4"));
  EXPECT_THAT(names("day*/*.mp4"), ElementsAre("day 1/d.mp4"));
  EXPECT_THAT(names("**/*.mp4"), ElementsAre("a.mp4", "b.mp4", "day 1/d.mp4", "day 1/deep/e.mp4", "w[1].mp4"));
  EXPECT_THAT(names("day 1/**"), ElementsAre("d.mp4", "deep/e.mp4"));
  EXPECT_THAT(names("[ab].mp4"), ElementsAre("a.mp4", "b.mp4"));
}

TEST_F(DiskFilesTest, AFolderGivesItsOwnFiles) { EXPECT_THAT(names("day 1"), ElementsAre("d.mp4")); }

TEST_F(DiskFilesTest, AFileWhoseNameLooksLikeAPatternIsItself) {
  EXPECT_THAT(names("w[1].mp4"), ElementsAre("w[1].mp4"));
}

TEST_F(DiskFilesTest, NothingFoundIsAnErrorNamingThePattern) {
  for (const char* pattern : {"*.wav", "nothing.mp4", "nowhere/*"}) {
    try {
      names(pattern);
      ADD_FAILURE() << pattern;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(pattern));
    }
  }
}

TEST_F(DiskFilesTest, OutputsComeWholeIntoTheirFolders) {
  DiskFiles files(folder_ / "out");
  StringSource content(std::string(1'000'000, 'x'));
  const std::string path = files.save("sub/one.bin", content);
  EXPECT_EQ(fs::file_size(path), 1'000'000u);
  EXPECT_EQ(fs::path(path), folder_ / "out/sub/one.bin");
  EXPECT_FALSE(fs::exists(path + ".part"));
}

TEST_F(DiskFilesTest, AFolderInTheWayIsToldWithItsPath) {
  DiskFiles files(folder_ / "a.mp4");
  StringSource content("x");
  EXPECT_THROW(files.save("one.bin", content), UsageError);
}

TEST_F(DiskFilesTest, WhatIsReadIsTheFile) {
  DiskFiles files(folder_);
  const auto found = files.find((folder_ / "c.txt").string());
  EXPECT_EQ(read_all(*files.open(found.at(0))), "content of c.txt");
  EXPECT_EQ(found.at(0).size_bytes, 16u);
}

}  // namespace
}  // namespace batchite::cli
