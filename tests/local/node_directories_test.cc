// Directories of nodes: what is found there, what is refused, how they go.
#include "backends/local/node_directories.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr NodeKey kNode{1};

class NodeDirectoriesTest : public ::testing::Test {
 protected:
  NodeDirectoriesTest() {
    root_ = directories_.make(kNode, "p", "n1", true);
    write("shared/a.txt", "0123456789");
    write("shared/sub/deep/b", "b");
    write("../n2/secret", "secret");
  }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::string get(const std::string& path, std::optional<NodeFiles::Range> range = std::nullopt) {
    return answer([&] { return read_all(*directories_.open(kNode, path, range)); });
  }
  std::string remove(const std::string& path, bool recursive = false) {
    return answer([&] {
      directories_.remove(kNode, path, recursive);
      return std::string("removed");
    });
  }
  std::set<std::string> names(const std::string& directory, bool recursive) {
    std::set<std::string> found;
    for (const FileEntry& entry : directories_.list(kNode, directory, recursive)) {
      found.insert(entry.name + (entry.is_directory ? "/" : ""));
    }
    return found;
  }
  static std::string answer(const std::function<std::string()>& work) {
    try {
      return work();
    } catch (const Error& error) {
      return error.code();
    }
  }

  TemporaryDirectory temporary_;
  NodeDirectories directories_{temporary_.path() / "nodes"};
  fs::path root_;
};

TEST_F(NodeDirectoriesTest, FilesAreReadWholeOrInPart) {
  EXPECT_EQ(get("shared/a.txt"), "0123456789");
  EXPECT_EQ(get("shared/a.txt", NodeFiles::Range{2, 4}), "234");
  EXPECT_EQ(get("shared/a.txt", NodeFiles::Range{8, 100}), "89");
  EXPECT_EQ(get("shared/a.txt", NodeFiles::Range{50, 100}), "");
  EXPECT_EQ(get("shared"), "FileNotFound") << "a directory has no content";
  const FileEntry entry = directories_.stat(kNode, "shared/a.txt");
  EXPECT_EQ(entry.size, 10U);
  EXPECT_FALSE(entry.is_directory);
  EXPECT_TRUE(directories_.stat(kNode, "shared").is_directory);
}

TEST_F(NodeDirectoriesTest, AFileThatShrinksWhileItIsReadEndsThere) {
  const auto source = directories_.open(kNode, "shared/a.txt", std::nullopt);
  fs::resize_file(root_ / "shared/a.txt", 4);
  EXPECT_EQ(read_all(*source), "0123");
}

TEST_F(NodeDirectoriesTest, APipeIsNoFileAndHoldsNobodyUp) {
  ASSERT_EQ(::mkfifo((root_ / "shared/pipe").c_str(), 0600), 0);
  EXPECT_EQ(get("shared/pipe"), "FileNotFound");
}

TEST_F(NodeDirectoriesTest, ListsShowOneLevelOrAllAndFollowNoLink) {
  fs::create_directory_symlink("/etc", root_ / "shared/out");
  EXPECT_THAT(names("shared", false), UnorderedElementsAre("a.txt", "sub/", "out"));
  EXPECT_THAT(names("shared", true), UnorderedElementsAre("a.txt", "sub/", "sub/deep/", "sub/deep/b", "out"));
  EXPECT_THAT(names("startup", true), ElementsAre("wd/"));
  EXPECT_EQ(answer([&] { return std::to_string(names("shared/a.txt", false).size()); }), "FileNotFound");
}

TEST_F(NodeDirectoriesTest, NoPathLeadsOutOfTheNode) {
  fs::create_directory_symlink("/etc", root_ / "shared/absolute");
  fs::create_directory_symlink("../../n2", root_ / "shared/sideways");
  fs::create_symlink("/proc/self/root/etc/passwd", root_ / "shared/magic");
  fs::create_symlink("a.txt", root_ / "shared/inside");
  for (const char* path :
       {"../n2/secret", "shared/../../n2/secret", "/etc/passwd", "shared/absolute/passwd", "shared/sideways/secret",
        "shared/magic", "..", "../..", "%2e%2e/n2/secret", "..%2Fn2%2Fsecret", "shared/%2e%2e/%2e%2e/n2/secret"}) {
    EXPECT_EQ(get(path), "FileNotFound") << path;
    EXPECT_EQ(answer([&] { return directories_.stat(kNode, path).name; }), "FileNotFound") << path;
    EXPECT_EQ(answer([&] { return std::to_string(names(path, true).size()); }), "FileNotFound") << path;
  }
  for (const char* path : {"../n2/secret", "shared/../../n2/secret", "/etc/passwd", "shared/sideways/secret", ".."}) {
    EXPECT_EQ(remove(path, true), "FileNotFound") << path;
  }
  EXPECT_EQ(get("shared/inside"), "0123456789");
  EXPECT_EQ(read_text(root_ / "../n2/secret"), "secret");
}

TEST_F(NodeDirectoriesTest, ADirectoryIsRemovedEmptyOrOnPurpose) {
  EXPECT_EQ(remove("shared/sub"), "OperationInvalidForCurrentState");
  EXPECT_EQ(get("shared/sub/deep/b"), "b");
  EXPECT_EQ(remove("shared/sub", true), "removed");
  EXPECT_EQ(remove("shared/sub", true), "FileNotFound");
  EXPECT_EQ(remove("shared/a.txt"), "removed");
  fs::create_directory(root_ / "shared/empty");
  EXPECT_EQ(remove("shared/empty"), "removed");
  for (const char* path : {"", ".", "shared/."}) EXPECT_EQ(remove(path, true), "FileNotFound") << path;
  EXPECT_TRUE(fs::exists(root_ / "shared"));
}

TEST_F(NodeDirectoriesTest, RemovingALinkRemovesTheLink) {
  write("startup/kept", "kept");
  fs::create_directory_symlink("../startup", root_ / "shared/link");
  fs::create_directory_symlink("/etc", root_ / "shared/out");
  fs::create_symlink("nowhere", root_ / "shared/dangling");
  EXPECT_EQ(remove("shared/link"), "removed");
  EXPECT_EQ(remove("shared/out", true), "removed");
  EXPECT_EQ(remove("shared/dangling"), "removed");
  EXPECT_EQ(get("startup/kept"), "kept");
  EXPECT_THAT(names("shared", false), UnorderedElementsAre("a.txt", "sub/"));
}

TEST_F(NodeDirectoriesTest, ANodeThatWasTakenAwayIsUnknownAndItsNameFree) {
  const fs::path away = directories_.take_away(kNode);
  EXPECT_FALSE(fs::exists(root_));
  EXPECT_EQ(read_text(away / "shared/a.txt"), "0123456789");
  EXPECT_EQ(get("shared/a.txt"), "NodeNotFound");
  EXPECT_EQ(directories_.take_away(kNode), fs::path()) << "twice";
  directories_.make(kNode, "p", "n1", false);
  EXPECT_EQ(get("shared/a.txt"), "FileNotFound");
}

TEST_F(NodeDirectoriesTest, ABootKeepsWhatIsThereUnlessItIsFresh) {
  directories_.make(kNode, "p", "n1", false);
  EXPECT_EQ(get("shared/a.txt"), "0123456789");
  directories_.make(kNode, "p", "n1", true);
  EXPECT_EQ(get("shared/a.txt"), "FileNotFound");
}

TEST_F(NodeDirectoriesTest, WhatAnEarlierRunHadNotRemovedYetGoesAtTheStart) {
  const fs::path away = directories_.take_away(kNode);
  ASSERT_TRUE(fs::exists(away));
  const NodeDirectories next(temporary_.path() / "nodes");
  EXPECT_FALSE(fs::exists(away));
}

TEST_F(NodeDirectoriesTest, ATreeGoesWhateverItsModesAre) {
  fs::permissions(root_ / "shared/sub/deep", fs::perms::none);
  fs::permissions(root_ / "shared/sub", fs::perms::owner_read);
  remove_tree(root_);
  EXPECT_FALSE(fs::exists(root_));
  remove_tree(root_);  // nothing there: nothing to do
}

}  // namespace
}  // namespace batchite
