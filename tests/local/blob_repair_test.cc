// What a damaged or abandoned store is like after it was opened again.
#include "backends/local/blob_repair.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "backends/local/file_blob_store.h"
#include "core/base/encoding.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/staged_files.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BlobRepairTest : public ::testing::Test {
 protected:
  BlobRepairTest() {
    open();
    store_->change_container({"acct", "data"}, [](const ContainerEntry*) {
      return std::optional(ContainerEntry{.name = "data", .metadata = {{"owner", "me"}}});
    });
    for (const std::string name : {"a", "b", "c"}) put(name);
  }
  void open() {
    store_.reset();
    store_ = std::make_unique<FileBlobStore>(FileBlobStoreOptions{.root = root().string()});
  }
  void close() { store_.reset(); }
  fs::path root() const { return place_.path() / "blobs"; }

  void put(const std::string& name) {
    StringSource source("content of " + name);
    NewContent content{store_->stage(source)};
    const BlobEntry entry{.name = name, .properties = {{"Content-Type", "text/" + name}}};
    store_->change(
        {"acct", "data", name}, [&](const BlobEntry*) { return std::optional(entry); }, std::move(content));
  }
  void put_block(const std::string& name, const std::string& id) {
    StringSource source("block");
    const BlobName blob{"acct", "data", name};
    store_->put_block(blob, base64_encode(id), store_->stage_block(blob, source), [](const auto&...) {}, {});
  }
  // "a=text/a b=text/b …", each with its content read.
  std::string all() {
    std::string text;
    for (const BlobEntry& entry : store_->list({"acct", "data"}, {})) {
      const auto bytes = store_->read({"acct", "data", entry.name}, [](const BlobEntry& blob) {
        return ByteRange{0, blob.size};
      });
      EXPECT_EQ(bytes ? read_all(*bytes) : "(none)", "content of " + entry.name);
      text += entry.name + '=' + entry.properties.get("Content-Type") + ' ';
    }
    return text;
  }
  void in_index(const std::string& sql) {
    SQLite::Database((root() / "blobs.db").string(), SQLite::OPEN_READWRITE).exec(sql);
  }

  TemporaryDirectory place_;
  std::unique_ptr<FileBlobStore> store_;
};

TEST_F(BlobRepairTest, ADamagedEntryLosesWhatWasDamagedAndNothingElse) {
  close();
  in_index("UPDATE blobs SET properties = '{broken', state = '[1' WHERE name = x'62'");
  in_index("UPDATE containers SET metadata = 'zz'");
  open();
  EXPECT_EQ(all(), "a=text/a b= c=text/c ");
  EXPECT_TRUE(store_->find_container({"acct", "data"})->metadata.empty());
  const std::string aside = read_text(root() / "damaged.txt");
  EXPECT_THAT(aside, HasSubstr("acct/data/b\t{broken\t"));
  EXPECT_THAT(aside, HasSubstr("acct/data\tzz\t"));
  put("b");
  EXPECT_EQ(all(), "a=text/a b=text/b c=text/c ");
}

TEST_F(BlobRepairTest, ADamagedIndexIsSetAsideAndTheFilesAreBlobsStill) {
  close();
  fs::resize_file(root() / "blobs.db", 5000);
  fs::remove(root() / "blobs.db-wal");
  open();
  EXPECT_EQ(all(), "a= b= c= ");
  EXPECT_TRUE(fs::exists(root() / ".damaged-1" / "blobs.db"));
  close();
  std::ofstream(root() / "blobs.db") << "no database at all, but long enough to have a head of a hundred bytes. "
                                     << std::string(200, '.');
  open();
  EXPECT_EQ(all(), "a= b= c= ");
  EXPECT_TRUE(fs::exists(root() / ".damaged-2" / "blobs.db"));
}

TEST_F(BlobRepairTest, BlocksThatNobodyCameBackForInAWeekAreCollected) {
  put_block("left", "1");
  put_block("late", "1");
  open();  // the next block begins another file
  put_block("late", "2");
  close();
  const auto eight_days_ago = fs::file_time_type::clock::now() - std::chrono::days(8);
  const std::vector<fs::path> staged = staged_files(root());
  ASSERT_EQ(staged.size(), 3u);
  fs::last_write_time(staged[0], eight_days_ago);
  fs::last_write_time(staged[1], eight_days_ago);
  open();
  EXPECT_TRUE(store_->blocks({"acct", "data", "left"}).uncommitted.empty());
  EXPECT_EQ(store_->blocks({"acct", "data", "late"}).uncommitted.size(), 2u) << "its second block is recent";
  EXPECT_FALSE(fs::exists(staged[0]));
}

}  // namespace
}  // namespace batchite
