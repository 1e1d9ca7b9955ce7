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

// Where one is written before it is whole is not where another one goes.
TEST_F(DiskFilesTest, OutputsOfAnyNameAreSavedAtOnce) {
  class Half : public ByteSource {
   public:
    explicit Half(std::function<void()> in_the_middle) : in_the_middle_(std::move(in_the_middle)) {}
    std::size_t read(std::span<char> into) override {
      if (at_ == 1) in_the_middle_();
      if (at_ == 2) return 0;
      into[0] = "ab"[at_++];
      return 1;
    }

   private:
    std::function<void()> in_the_middle_;
    int at_ = 0;
  };
  DiskFiles files(folder_ / "out");
  Half content([&] {
    StringSource other("other");
    files.save("clip.mp3.part", other);
  });
  files.save("clip.mp3", content);
  const auto text_of = [](const std::unique_ptr<ByteSource>& source) { return read_all(*source); };
  EXPECT_EQ(text_of(files.open({.path = (folder_ / "out/clip.mp3").string(), .name = ""})), "ab");
  EXPECT_EQ(text_of(files.open({.path = (folder_ / "out/clip.mp3.part").string(), .name = ""})), "other");
  Half broken([] { throw Error(503, "Gone", "It is gone."); });
  EXPECT_THROW(files.save("broken", broken), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), fs::directory_iterator()), 2);
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
