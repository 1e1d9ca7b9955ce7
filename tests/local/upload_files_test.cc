// Uncommitted blocks on disk: where they lie, and that a commit finds what was put, whatever happens beside it.
#include "backends/local/upload_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "backends/local/file_blob_store.h"
#include "core/base/encoding.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/staged_files.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

// Breaks off after its bytes, one fewer than announced.
class BrokenSource : public ByteSource {
 public:
  explicit BrokenSource(const std::string& text) : text_(text.substr(1)), announced_(text.size()) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = text_.read(into);
    if (count == 0) throw Error(400, "IncompleteBody", "The request body ended early");
    return count;
  }
  std::optional<std::uint64_t> size() const override { return announced_; }

 private:
  StringSource text_;
  std::uint64_t announced_;
};

class UploadFilesTest : public ::testing::Test {
 protected:
  UploadFilesTest() {
    open();
    make_container();
  }
  void open() {
    store_.reset();
    store_ = std::make_unique<FileBlobStore>(FileBlobStoreOptions{.root = root().string()});
  }
  void make_container() {
    store_->change_container({"acct", "data"},
                             [](const auto*) { return std::optional(ContainerEntry{.name = "data"}); });
  }
  void remove_container() {
    store_->change_container({"acct", "data"}, [](const auto*) { return std::optional<ContainerEntry>(); });
  }
  fs::path root() const { return place_.path() / "blobs"; }
  std::vector<fs::path> staged() const { return staged_files(root()); }
  static ino_t inode(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  ino_t blob_inode() const { return inode(root() / "acct" / "data" / "b"); }

  std::unique_ptr<StagedBytes> stage(const std::string& text) {
    StringSource source(text);
    return store_->stage_block(kBlob, source);
  }
  void keep(const std::string& id, std::unique_ptr<StagedBytes> bytes) {
    store_->put_block(kBlob, base64_encode(id), std::move(bytes), [](const auto&...) {}, {});
  }
  void put(const std::string& id, const std::string& text) { keep(id, stage(text)); }
  void fail(const std::string& text) {
    BrokenSource source(text);
    EXPECT_THROW(store_->stage_block(kBlob, source), Error);
  }

  // False when the store asks to look again.
  bool try_commit(const std::vector<std::string>& ids) {
    std::map<std::string, BlockPiece> known;
    std::uint64_t offset = 0;
    const BlockLists lists = store_->blocks(kBlob);
    for (const Block& block : lists.committed) {
      known.try_emplace(block.id, BlockPiece{block, offset});
      offset += block.size;
    }
    for (const Block& block : lists.uncommitted) known[block.id] = {block, std::nullopt};
    std::vector<BlockPiece> pieces;
    NewContent content;
    for (const std::string& id : ids) {
      const auto found = known.find(base64_encode(id));
      if (found == known.end()) return false;
      pieces.push_back(found->second);
      content.blocks.push_back(found->second.block);
    }
    content.bytes = store_->assemble(kBlob, pieces);
    if (!content.bytes) return false;
    const auto entry = [this](const BlobEntry*) {
      const Time revision = store_->next_revision(kNever);
      return std::optional(BlobEntry{.name = "b", .created = revision, .modified = revision, .revision = revision});
    };
    store_->change(kBlob, entry, std::move(content));
    return true;
  }
  void commit(const std::vector<std::string>& ids) { ASSERT_TRUE(try_commit(ids)); }
  void remove() {
    store_->change(kBlob, [](const BlobEntry*) { return std::optional<BlobEntry>(); });
  }
  std::string get() {
    const auto source = store_->read(kBlob, [](const BlobEntry& entry) { return ByteRange{0, entry.size}; });
    return source ? read_all(*source) : "(none)";
  }

  static inline const BlobName kBlob{"acct", "data", "b"};
  TemporaryDirectory place_;
  std::unique_ptr<FileBlobStore> store_;
};

TEST_F(UploadFilesTest, BlocksInTheOrderInWhichTheyCameBecomeTheBlobWithoutACopy) {
  put("1", "one ");
  put("2", "two ");
  put("3", "three");
  ASSERT_EQ(staged().size(), 1u);
  const ino_t before = inode(staged().front());
  commit({"1", "2", "3"});
  EXPECT_EQ(get(), "one two three");
  EXPECT_EQ(blob_inode(), before);
  EXPECT_TRUE(staged().empty());
}

TEST_F(UploadFilesTest, AFewThatCameOutOfTurnAreMoved) {
  put("2", "two ");
  put("1", "one ");
  for (const char* id : {"3", "4", "5", "6"}) put(id, std::string(id) + "..");
  const ino_t before = inode(staged().front());
  commit({"1", "2", "3", "4", "5", "6"});
  EXPECT_EQ(get(), "one two 3..4..5..6..");
  EXPECT_EQ(blob_inode(), before);
  EXPECT_TRUE(staged().empty());
}

TEST_F(UploadFilesTest, ACommitThatIsRefusedLeavesTheBlocksAsTheyWere) {
  put("2", "two ");
  put("1", "one ");
  put("3", "three, the longest of all");
  const auto refuse = [](const BlobEntry*) -> BlobDecision { throw Error(412, "ConditionNotMet", "No."); };
  std::vector<BlockPiece> pieces;
  for (const char* id : {"1", "2", "3"}) {
    for (const Block& block : store_->blocks(kBlob).uncommitted) {
      if (block.id == base64_encode(id)) pieces.push_back({block, std::nullopt});
    }
  }
  EXPECT_THROW(store_->change(kBlob, refuse, NewContent{store_->assemble(kBlob, pieces)}), Error);
  commit({"3", "2", "1"});
  EXPECT_EQ(get(), "three, the longest of alltwo one ");
  EXPECT_TRUE(staged().empty());
}

TEST_F(UploadFilesTest, ABlockSentAgainAfterItBrokeOffTakesItsPlace) {
  put("1", "one ");
  fail("two ");
  put("2", "two ");
  put("3", "three");
  const ino_t before = inode(staged().front());
  commit({"1", "2", "3"});
  EXPECT_EQ(get(), "one two three");
  EXPECT_EQ(blob_inode(), before);
}

TEST_F(UploadFilesTest, WhatOnlyBrokeOffLeavesNothing) {
  fail("one");
  EXPECT_TRUE(staged().empty());
}

TEST_F(UploadFilesTest, ABlockThatIsStillComingWhileTheBlobGoesIsThereAfterwards) {
  put("1", "one ");
  auto late = stage("late");
  remove();
  keep("2", std::move(late));
  commit({"2"});
  EXPECT_EQ(get(), "late");

  put("3", "three ");
  late = stage("late again");
  commit({"3"});  // while it comes, nobody may take the file it comes to
  EXPECT_EQ(get(), "three ");
  keep("4", std::move(late));
  EXPECT_EQ(get(), "three ");
  commit({"3", "4"});
  EXPECT_EQ(get(), "three late again");

  put("5", "five");
  late = stage("never");
  remove_container();
  make_container();
  EXPECT_EQ(staged().size(), 1u);
  late.reset();
  EXPECT_TRUE(staged().empty());
}

TEST_F(UploadFilesTest, BlocksSurviveARestart) {
  put("1", "one ");
  put("2", "two ");
  open();
  put("3", "three");
  commit({"1", "2", "3"});
  EXPECT_EQ(get(), "one two three");
  EXPECT_TRUE(staged().empty());
}

// Random histories beside a model of two maps.
TEST_F(UploadFilesTest, WhateverIsPutReplacedBrokenOffAndCommitted) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    std::map<std::string, std::string> uncommitted, committed;
    std::vector<std::string> arrived, story;
    for (int step = 0; step < 40; ++step) {
      const std::string id(1, static_cast<char>('a' + pick(6)));
      const std::string text(1 + pick(3) * 7, static_cast<char>('A' + pick(26)));
      switch (pick(12)) {
        default:
          story.push_back("put " + id);
          put(id, text);
          uncommitted[id] = text;
          std::erase(arrived, id);
          arrived.push_back(id);
          break;
        case 0:
          story.push_back("break off");
          fail(text);
          break;
        case 1:
          if (pick(4) > 0) break;
          story.push_back("reopen");
          open();
          break;
        case 2:
          if (pick(4) > 0) break;
          story.push_back("remove");
          remove();
          uncommitted.clear();
          committed.clear();
          arrived.clear();
          break;
        case 3:
        case 4:
        case 5: {
          std::vector<std::string> ids = arrived;
          if (pick(2) > 0) std::ranges::sort(ids);
          if (pick(3) == 0 && !committed.empty()) ids.push_back(committed.begin()->first);
          if (pick(4) == 0 && !ids.empty()) ids.erase(ids.begin() + pick(static_cast<unsigned>(ids.size())));
          if (pick(4) == 0 && !ids.empty()) ids.push_back(ids.front());
          story.push_back("commit " + ::testing::PrintToString(ids));
          std::map<std::string, std::string> next;
          std::string expected;
          for (const std::string& each : ids) {
            next[each] = uncommitted.contains(each) ? uncommitted[each] : committed[each];
            expected += next[each];
          }
          ASSERT_TRUE(try_commit(ids)) << "seed " << seed << ' ' << ::testing::PrintToString(story);
          ASSERT_EQ(get(), expected) << "seed " << seed << ' ' << ::testing::PrintToString(story);
          ASSERT_TRUE(staged().empty()) << "seed " << seed << ' ' << ::testing::PrintToString(story);
          committed = std::move(next);
          uncommitted.clear();
          arrived.clear();
        }
      }
    }
    remove();
  }
}

// Each block says in every byte which version of which id it is, so a blob that mixes two is seen.
TEST_F(UploadFilesTest, CommitsBesideUploadsNeverMixVersions) {
  constexpr std::size_t kBlock = 3000;
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      std::mt19937 random(static_cast<unsigned>(writer));
      while (!stop)
        put(std::string(1, static_cast<char>('a' + random() % 5)), std::string(kBlock, static_cast<char>(random())));
    });
  }
  std::vector<std::thread> committers;
  for (int committer = 0; committer < 2; ++committer) {
    committers.emplace_back([&, committer] {
      std::mt19937 random(static_cast<unsigned>(100 + committer));
      for (int round = 0; round < 150; ++round) {
        std::vector<std::string> ids{"a", "b", "c", "d", "e"};
        if (round % 3 == 0) std::ranges::shuffle(ids, random);
        ids.resize(1 + random() % ids.size());
        try_commit(ids);
        const std::string text = get();
        if (text == "(none)") continue;
        ASSERT_EQ(text.size() % kBlock, 0u);
        for (std::size_t at = 0; at < text.size(); at += kBlock) {
          ASSERT_EQ(text.compare(at, kBlock, std::string(kBlock, text[at])), 0) << "round " << round << ", byte " << at;
        }
      }
    });
  }
  for (std::thread& thread : committers) thread.join();
  stop = true;
  for (std::thread& thread : writers) thread.join();
  remove();
  EXPECT_TRUE(staged().empty());
}

}  // namespace
}  // namespace batchite
