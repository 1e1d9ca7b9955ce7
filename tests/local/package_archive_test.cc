// Unpacking application packages: what is kept, and what hostile archives do not get.
#include "backends/local/package_archive.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/local_backend_fixture.h"
#include "tests/support/zip.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::zip_of;
using testing::ZipEntry;

class PackageArchiveTest : public ::testing::Test {
 protected:
  PackageArchiveTest() { fs::create_directories(target()); }

  fs::path target() const { return place_.path() / "package"; }
  fs::path outside() const { return place_.path() / "outside"; }

  void unpack(const std::string& zip, const UnpackLimits& limits = {}) {
    StringSource source(zip);
    unpack_package(source, target(), limits);
  }
  // Why it was refused; "fine".
  std::string refusal(const std::string& zip, const UnpackLimits& limits = {}) {
    try {
      unpack(zip, limits);
      return "fine";
    } catch (const BadPackage& error) {
      return error.what();
    }
  }
  struct stat status(const std::string& name) const {
    struct stat found {};
    EXPECT_EQ(::lstat((target() / name).c_str(), &found), 0) << name;
    return found;
  }
  unsigned mode(const std::string& name) const { return status(name).st_mode & 07777; }
  std::string text(const std::string& name) const { return read_text(target() / name); }

  TemporaryDirectory place_;
};

TEST_F(PackageArchiveTest, KeepsNamesContentsModesTimesAndLinks) {
  unpack(zip_of({{"bin", "", 0755, "", true},
                 {"bin/tool", "#!/bin/sh\n", 0755},
                 {"lib/deep/er/data.txt", std::string(300'000, 'x'), 0640},
                 {"lib/current", "", 0777, "deep/er"},
                 {"tool", "", 0777, "bin/tool"},
                 {"not/there", "", 0777, "yet"},
                 {"grüße.txt", "hi"},
                 {"./dotted/./name", "d"},
                 {"read-only", "r", 0444},
                 {"set-id", "s", 06755}}));
  EXPECT_EQ(text("bin/tool"), "#!/bin/sh\n");
  EXPECT_EQ(mode("bin/tool"), 0755U);
  EXPECT_EQ(mode("lib/deep/er/data.txt"), 0640U);
  EXPECT_EQ(text("lib/current/data.txt").size(), 300'000U);
  EXPECT_EQ(fs::read_symlink(target() / "tool"), "bin/tool");
  EXPECT_EQ(fs::read_symlink(target() / "not/there"), "yet") << "a link may lead nowhere";
  EXPECT_EQ(text("grüße.txt"), "hi");
  EXPECT_EQ(text("dotted/name"), "d");
  EXPECT_EQ(mode("read-only"), 0444U);
  EXPECT_EQ(mode("set-id"), 0755U) << "nobody becomes another by a package";
  EXPECT_EQ(status("bin/tool").st_mtime, 1'700'000'000);
}

TEST_F(PackageArchiveTest, ReadsAPartOfAFileWhereItLies) {
  const std::string zip = zip_of({{"a", "one"}, {"b", "two"}});
  const fs::path path = place_.path() / "blob";
  std::ofstream(path, std::ios::binary) << "before" << zip << "after";
  class Part : public ByteSource {
   public:
    Part(const fs::path& file, std::uint64_t size) : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), size_(size) {}
    std::size_t read(std::span<char>) override { throw std::logic_error("the file was to be taken"); }
    std::optional<File> file() const override { return File{file_.get(), 6, size_}; }

   private:
    FileDescriptor file_;
    std::uint64_t size_;
  } part(path, zip.size());
  unpack_package(part, target());
  EXPECT_EQ(text("a") + text("b"), "onetwo");
}

TEST_F(PackageArchiveTest, TakesTheSeparatorOfWindows) {
  unpack(zip_of({{"folder\\file.txt", "w"}}));
  EXPECT_EQ(text("folder/file.txt"), "w");
}

TEST_F(PackageArchiveTest, LetsALaterEntryReplaceAnEarlierOne) {
  unpack(zip_of({{"a", "old", 0444}, {"a", "new"}}));
  EXPECT_EQ(text("a"), "new");
}

TEST_F(PackageArchiveTest, RefusesWhateverLeavesTheDirectory) {
  fs::create_directories(outside());
  const std::string above = "../outside/x";
  const struct {
    std::vector<ZipEntry> entries;
    const char* reason;
  } cases[] = {
      {{{above, "x"}}, "leads out of the package"},
      {{{"a/../../outside/x", "x"}}, "leads out of the package"},
      {{{"a/..", "", 0755, "", true}}, "leads out of the package"},
      {{{"..\\outside\\x", "x"}}, "leads out of the package"},
      {{{outside().string() + "/x", "x"}}, "is absolute"},
      {{{"link", "", 0777, "../outside"}}, "leads out of the package"},
      {{{"link", "", 0777, outside().string()}}, "leads out of the package"},
      {{{"link", "", 0777, "/etc/passwd"}}, "leads out of the package"},
      {{{"a/b/up", "", 0777, "../../.."}}, "leads out of the package"},
      // Each leads inside if names are only counted; one over the other does not.
      {{{"a/b/c/up", "", 0777, "../.."}, {"d", "", 0777, "a/b/c/up/../../outside"}}, "leads out of the package"},
      {{{"round", "", 0777, "about"}, {"about", "", 0777, "round"}}, "leads out of the package"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(refusal(zip_of(each.entries)), HasSubstr(each.reason)) << each.entries[0].name;
    EXPECT_TRUE(fs::is_empty(outside()));
    fs::remove_all(target());
    fs::create_directories(target());
  }
}

// A link first, and then a file by its name: the oldest trick. Links are made when all files are there.
TEST_F(PackageArchiveTest, WritesNothingThroughALink) {
  fs::create_directories(outside());
  EXPECT_NE(refusal(zip_of({{"link", "", 0777, outside().string()}, {"link/x", "x"}})), "fine");
  EXPECT_TRUE(fs::is_empty(outside()));
  EXPECT_NE(refusal(zip_of({{"l", "", 0777, "../outside/x"}, {"l", "written"}})), "fine");
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(PackageArchiveTest, RefusesWhatIsNoZipFileOrADamagedOne) {
  EXPECT_THAT(refusal("just a text, no archive at all"), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(""), HasSubstr("cannot be read"));
  std::string random;
  for (unsigned i = 0, x = 1; i < 200'000; ++i) random += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  const std::string whole = zip_of({{"data", random}});
  EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)), "fine");
  std::string flipped = whole;
  flipped[flipped.size() / 2] = static_cast<char>(~flipped[flipped.size() / 2]);
  EXPECT_THAT(refusal(flipped), HasSubstr("cannot be read"));
}

TEST_F(PackageArchiveTest, RefusesToGrowBeyondMeasure) {
  const UnpackLimits limits{.free_bytes = 100'000, .ratio = 10, .entries = 5};
  const std::string bomb = zip_of({{"zeros", std::string(5'000'000, '\0')}});
  ASSERT_LT(bomb.size(), 20'000U);
  EXPECT_THAT(refusal(bomb, limits), HasSubstr("unpacks to more than"));
  EXPECT_LT(status("zeros").st_size, 1'000'000) << "it stops where the limit is";
  std::vector<ZipEntry> many;
  for (int i = 0; i < 6; ++i) many.push_back({std::to_string(i), "x"});
  EXPECT_THAT(refusal(zip_of(many), limits), HasSubstr("more than 5 entries"));
  EXPECT_EQ(refusal(zip_of({{"small", std::string(50'000, '\0')}}), limits), "fine");
}

}  // namespace
}  // namespace batchite
