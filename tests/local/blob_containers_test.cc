// Containers that move to another name, as they do when they are deleted and kept, or restored.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "backends/local/file_blob_store.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr Time kNow{std::chrono::days(19'000)};

class BlobContainersTest : public ::testing::Test {
 protected:
  BlobContainersTest() {
    std::string pattern = (fs::temp_directory_path() / "blob-containers-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    open();
    store_->change_container({"acct", "data"}, [&](const ContainerEntry*) {
      return std::optional(ContainerEntry{.name = "data", .modified = kNow, .revision = kNow});
    });
    StringSource text("text");
    store_->change(
        {"acct", "data", "in/a"},
        [](const BlobEntry*) {
          return std::optional(BlobEntry{.name = "in/a", .created = kNow, .modified = kNow, .revision = kNow});
        },
        NewContent{store_->stage(text)});
  }
  ~BlobContainersTest() override {
    store_.reset();
    fs::remove_all(root_);
  }
  void open() {
    store_.reset();
    store_ = std::make_unique<FileBlobStore>(FileBlobStoreOptions{.root = root_.string()});
  }
  void move(const std::string& from, const std::string& to) {
    store_->change_container({"acct", from}, [&](const ContainerEntry* current) {
      ContainerEntry entry = *current;
      entry.name = to;
      return std::optional(entry);
    });
  }
  std::string names() {
    std::string all;
    for (const ContainerEntry& one : store_->list_containers("acct", {.deleted = true})) all += one.name + ' ';
    return all;
  }

  fs::path root_;
  std::unique_ptr<FileBlobStore> store_;
};

TEST_F(BlobContainersTest, AProgramKilledWhileAContainerMovesLosesNothing) {
  store_.reset();
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      open();
      std::string at = names().starts_with("data ") ? "data" : "data!1";
      while (true) {
        const std::string next = at == "data" ? "data!1" : "data";
        move(at, next);
        at = next;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 7 * round));  // at another point each round
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    open();
    const std::string there = names();
    ASSERT_TRUE(there == "data " || there == "data!1 ") << there;
    const std::string name = there.substr(0, there.size() - 1);
    const auto bytes = store_->read({"acct", name, "in/a"}, [](const BlobEntry& entry) {
      return ByteRange{0, entry.size};
    });
    ASSERT_TRUE(bytes);
    ASSERT_EQ(read_all(*bytes), "text");
    ASSERT_EQ(store_->find({"acct", name, "in/a"})->revision, kNow);  // the entry that it had, not one found again
    store_.reset();
  }
}

TEST_F(BlobContainersTest, ANameThatIsTakenIsNotMovedTo) {
  fs::create_directory(root_ / "acct" / "made-by-hand");
  EXPECT_THROW(move("data", "made-by-hand"), Error);
  fs::create_directories(root_ / "acct" / "data!1" / "left");  // of an index that was set aside
  EXPECT_THROW(move("data", "data!1"), Error);
  EXPECT_EQ(names(), "data made-by-hand ");
  open();
  EXPECT_EQ(names(), "data made-by-hand ");
}

}  // namespace
}  // namespace batchite
