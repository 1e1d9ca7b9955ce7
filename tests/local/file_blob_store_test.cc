#include "backends/local/file_blob_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/encoding.h"
#include "core/blob/blob_service.h"
#include "tests/support/staged_files.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

class FileBlobStoreTest : public ::testing::Test {
 protected:
  FileBlobStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "blob-store-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    open();
    store_->change_container({"acct", "data"}, [&](const ContainerEntry*) {
      const Time revision = store_->next_revision(kNow);
      return std::optional(ContainerEntry{"data", revision, revision, {}});
    });
  }
  ~FileBlobStoreTest() override {
    store_.reset();
    fs::remove_all(root_);
  }
  void open() {
    store_.reset();
    store_ = std::make_unique<FileBlobStore>(FileBlobStoreOptions{.root = root_.string()});
  }

  static BlobName named(const std::string& blob) { return {"acct", "data", blob}; }
  fs::path file(const std::string& path) const { return root_ / "acct" / "data" / path; }

  void put(const std::string& blob, const std::string& text, Parameters properties = {}) {
    StringSource source(text);
    NewContent content{store_->stage(source)};
    store_->change(named(blob), entry_maker(blob, std::move(properties)), std::move(content));
  }
  BlobStore::BlobChange entry_maker(const std::string& blob, Parameters properties) {
    return [this, blob, properties](const BlobEntry*) {
      const Time revision = store_->next_revision(kNow);
      return std::optional(BlobEntry{
          .name = blob, .created = revision, .modified = revision, .revision = revision, .properties = properties});
    };
  }
  void remove(const std::string& blob) {
    store_->change(named(blob), [](const BlobEntry*) { return std::optional<BlobEntry>(); });
  }
  std::string get(const std::string& blob) {
    const auto source = store_->read(named(blob), [](const BlobEntry& entry) { return ByteRange{0, entry.size}; });
    return source ? read_all(*source) : "(none)";
  }
  std::string list(ListRange range = {}) {
    std::string names;
    for (const BlobEntry& entry : store_->list({"acct", "data"}, range)) {
      names += (names.empty() ? "" : " ") + entry.name;
    }
    return names;
  }
  void put_block(const std::string& blob, const std::string& id, const std::string& text) {
    StringSource source(text);
    store_->put_block(named(blob), base64_encode(id), store_->stage_block(named(blob), source), [](const auto&...) {},
                      {});
  }

  static constexpr Time kNow{std::chrono::days(19'000)};
  fs::path root_;
  std::unique_ptr<FileBlobStore> store_;
};

TEST_F(FileBlobStoreTest, BlobsAreOrdinaryFilesThatSurviveARestart) {
  put("in/clip 1.mp4", "hello", {{"Content-Type", "video/mp4"}});
  EXPECT_EQ(text_of(file("in/clip 1.mp4")), "hello");
  const auto before = store_->find(named("in/clip 1.mp4"));
  open();
  EXPECT_EQ(get("in/clip 1.mp4"), "hello");
  const auto after = store_->find(named("in/clip 1.mp4"));
  EXPECT_EQ(after->properties.get("Content-Type"), "video/mp4");
  EXPECT_EQ(after->revision, before->revision);
  EXPECT_GT(store_->next_revision(kNever), before->revision);
  EXPECT_EQ(staged_files(root_).size(), 0u);
}

TEST_F(FileBlobStoreTest, AFileDroppedInByHandIsABlob) {
  put("a", "1");
  EXPECT_EQ(list(), "a");
  fs::create_directories(file("x/y"));
  write(file("x/y/dropped.txt"), "by hand");
  EXPECT_EQ(list(), "a x/y/dropped.txt");
  write(file("x/unlisted"), "read first");
  EXPECT_EQ(get("x/unlisted"), "read first");
  EXPECT_EQ(list({.prefix = "x/"}), "x/unlisted x/y/dropped.txt");
}

TEST_F(FileBlobStoreTest, AnEditedFileIsANewVersionAndARemovedOneIsGone) {
  put("a", "first", {{"Content-Type", "text/plain"}, {"Content-MD5", "x"}});
  put("b", "other");
  const auto before = store_->find(named("a"));
  write(file("a"), "edited by hand");
  EXPECT_EQ(get("a"), "edited by hand");
  const auto after = store_->find(named("a"));
  EXPECT_GT(after->revision, before->revision);
  EXPECT_EQ(after->size, 14u);
  EXPECT_EQ(after->properties.get("Content-Type"), "text/plain");
  EXPECT_FALSE(after->properties.has("Content-MD5"));
  fs::remove(file("b"));
  EXPECT_EQ(list(), "a");
  EXPECT_FALSE(store_->find(named("b")));
}

TEST_F(FileBlobStoreTest, AFileDroppedWhereABlobWasDeletedSurvivesARestart) {
  put("a", "x");
  remove("a");
  write(file("a"), "x");  // often the same inode again
  open();
  EXPECT_EQ(get("a"), "x");
}

TEST_F(FileBlobStoreTest, FoldersMadeAndRemovedByHandAreContainers) {
  fs::create_directories(root_ / "acct" / "mine");
  write(root_ / "acct" / "mine" / "f", "x");
  fs::create_directories(root_ / "acct" / "Not A Container");
  const auto containers = store_->list_containers("acct", {});
  ASSERT_EQ(containers.size(), 2u);
  EXPECT_EQ(containers[1].name, "mine");
  EXPECT_EQ(store_->list({"acct", "mine"}, {}).size(), 1u);
  fs::remove_all(root_ / "acct" / "mine");
  EXPECT_FALSE(store_->find_container({"acct", "mine"}));
}

TEST_F(FileBlobStoreTest, NamesThatClashOrLeadAwayAreKeptApart) {
  const std::string names[] = {
      "a", "a/b", "a/b/c", "a/", "../../escape", "/root", ".", "..", "x//y", std::string(1000, 'n'), "%2E%2E"};
  for (const std::string& name : names) put(name, "content of " + name);
  for (const std::string& name : names) EXPECT_EQ(get(name), "content of " + name);
  EXPECT_EQ(store_->list({"acct", "data"}, {}).size(), std::size(names));
  EXPECT_FALSE(fs::exists(root_.parent_path() / "escape"));
  open();
  for (const std::string& name : names) EXPECT_EQ(get(name), "content of " + name) << name;
  for (const std::string& name : names) remove(name);
  EXPECT_EQ(list(), "");
  EXPECT_TRUE(fs::is_empty(root_ / "acct" / "data"));
}

TEST_F(FileBlobStoreTest, AFolderTakesTheNameLaterToo) {
  put("a/b", "deep");
  put("a", "flat");
  EXPECT_EQ(get("a/b") + get("a"), "deepflat");
  put("a", "flat again");
  EXPECT_EQ(get("a"), "flat again");
  EXPECT_EQ(list(), "a a/b");
}

TEST_F(FileBlobStoreTest, ALinkInAContainerLeadsNowhere) {
  write(root_ / "secret", "outside");
  fs::create_symlink(root_ / "secret", file("link"));
  fs::create_directory_symlink(root_, file("way-out"));
  EXPECT_EQ(get("link"), "(none)");
  EXPECT_EQ(get("way-out/secret"), "(none)");
  EXPECT_EQ(list(), "");
}

TEST_F(FileBlobStoreTest, ARefusedChangeLeavesNothingBehind) {
  put("a", "old");
  StringSource source("new");
  NewContent content{store_->stage(source)};
  EXPECT_THROW(store_->change(
                   named("a"), [](const BlobEntry*) -> std::optional<BlobEntry> { throw Error(412, "No", ""); },
                   std::move(content)),
               Error);
  EXPECT_EQ(get("a"), "old");
  EXPECT_EQ(staged_files(root_).size(), 0u);
}

TEST_F(FileBlobStoreTest, ReadersOfAReplacedBlobKeepTheirVersion) {
  put("a", std::string(100'000, '1'));
  const auto reader = store_->read(named("a"), [](const BlobEntry& entry) { return ByteRange{0, entry.size}; });
  put("a", "2");
  EXPECT_EQ(read_all(*reader), std::string(100'000, '1'));
  EXPECT_EQ(get("a"), "2");
}

TEST_F(FileBlobStoreTest, ReadersSeeOldOrNewButNeverAMixture) {
  put("a", std::string(50'000, 'a'));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) put("a", std::string(50'000 + i, static_cast<char>('a' + i % 26)));
    done = true;
  });
  int reads = 0;
  while (!done || reads < 50) {
    std::uint64_t size = 0;
    const auto source = store_->read(named("a"), [&](const BlobEntry& entry) {
      size = entry.size;
      return ByteRange{0, entry.size};
    });
    ASSERT_TRUE(source);
    const std::string text = read_all(*source);
    ASSERT_EQ(text.size(), size);
    ASSERT_EQ(text.find_first_not_of(text.front()), std::string::npos);
    ASSERT_EQ(static_cast<char>('a' + (size - 50'000) % 26), text.front());
    ++reads;
  }
  writer.join();
}

TEST_F(FileBlobStoreTest, WritersOfDifferentBlobsRunBesideEachOther) {
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) put(std::to_string(t) + "/" + std::to_string(i), std::to_string(t * 1000 + i));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store_->list({"acct", "data"}, {}).size(), 200u);
  EXPECT_EQ(get("3/49"), "3049");
}

TEST_F(FileBlobStoreTest, BlocksOutliveARestartAndAreCommittedInOrder) {
  put_block("a", "1", "hello ");
  put_block("a", "2", "world");
  put_block("a", "2", "World");
  open();
  const BlockLists lists = store_->blocks(named("a"));
  ASSERT_EQ(lists.uncommitted.size(), 2u);
  EXPECT_FALSE(store_->find(named("a"))->committed);
  EXPECT_EQ(list(), "");
  EXPECT_EQ(list({.uncommitted = true}), "a");
  const std::vector<BlockPiece> pieces = {{lists.uncommitted[0], {}}, {lists.uncommitted[1], {}}};
  store_->change(named("a"), entry_maker("a", {}), NewContent{store_->assemble(named("a"), pieces), lists.uncommitted});
  EXPECT_EQ(get("a"), "hello World");
  EXPECT_EQ(store_->blocks(named("a")).committed.size(), 2u);
  EXPECT_TRUE(store_->blocks(named("a")).uncommitted.empty());
  EXPECT_EQ(staged_files(root_).size(), 0u);
  const std::vector<BlockPiece> again = {{lists.uncommitted[1], 6}, {lists.uncommitted[0], 0}};
  store_->change(named("a"), entry_maker("a", {}), NewContent{store_->assemble(named("a"), again), {}});
  EXPECT_EQ(get("a"), "Worldhello ");
}

TEST_F(FileBlobStoreTest, WhatOneLifeStagedIsGoneWhenItEndsOrWhenTheNextBegins) {
  put("a", "hello");
  store_.reset();
  EXPECT_TRUE(fs::is_empty(root_ / ".staging"));
  fs::create_directories(root_ / ".staging" / "killed" / "folder");
  std::ofstream(root_ / ".staging" / "killed" / "folder" / "file") << "x";
  std::ofstream(root_ / ".staging" / "killed" / "file") << "x";
  open();
  EXPECT_FALSE(fs::exists(root_ / ".staging" / "killed"));
  EXPECT_EQ(get("a"), "hello");
}

TEST_F(FileBlobStoreTest, ASingleBlockBecomesTheBlobWithoutCopying) {
  put_block("a", "1", "only");
  const fs::path staged = staged_files(root_).at(0);
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(staged.c_str(), &before), 0);
  const std::vector<BlockPiece> pieces = {{{base64_encode("1"), 4}, {}}};
  store_->change(named("a"), entry_maker("a", {}), NewContent{store_->assemble(named("a"), pieces)});
  ASSERT_EQ(::stat(file("a").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(get("a"), "only");
}

TEST_F(FileBlobStoreTest, TheEncryptionOfBlocksIsKeptUntilTheyGo) {
  StringSource source("block");
  std::string told;
  const Encryption encryption = {{"x-ms-encryption-scope", "one"}};
  store_->put_block(
      named("a"), base64_encode("1"), store_->stage_block(named("a"), source), [](const auto&...) {}, encryption);
  open();
  EXPECT_EQ(store_->blocks(named("a")).encryption.get("x-ms-encryption-scope"), "one");
  store_->put_block(
      named("a"), base64_encode("2"), store_->stage_block(named("a"), source),
      [&](const BlobEntry*, const BlockSummary& blocks) { told = blocks.encryption.get("x-ms-encryption-scope"); }, {});
  EXPECT_EQ(told, "one");
  put("a", "text");
  put_block("a", "1", "block");
  EXPECT_TRUE(store_->blocks(named("a")).encryption.empty());
}

TEST_F(FileBlobStoreTest, TaggedBlobsAreListedWithoutTheOthers) {
  for (const char* name : {"a", "b", "c"}) put(name, "x");
  for (const char* name : {"b", "c"}) {
    store_->change(named(name), [&](const BlobEntry* current) {
      BlobEntry entry = *current;
      entry.tags = {{"k", name}};
      return std::optional(entry);
    });
  }
  EXPECT_EQ(list({.tagged = true}), "b c");
  EXPECT_EQ(list({.from = "c", .tagged = true}), "c");
  put("b", "without");
  EXPECT_EQ(list({.tagged = true}), "c");
}

TEST_F(FileBlobStoreTest, ADeletedContainerTakesEverythingWithIt) {
  put("a/b", "x");
  put_block("up", "1", "block");
  store_->change_container({"acct", "data"}, [](const ContainerEntry*) { return std::optional<ContainerEntry>(); });
  EXPECT_FALSE(fs::exists(root_ / "acct" / "data"));
  EXPECT_FALSE(store_->find_container({"acct", "data"}));
  EXPECT_EQ(staged_files(root_).size(), 0u);
  EXPECT_THROW(put("a", "x"), Error);
}

// As the rules delete it and restore it.
TEST_F(FileBlobStoreTest, AContainerMovesToAnotherNameWithAllInItAndStaysThereAfterARestart) {
  const auto rename = [&](const std::string& from, const std::string& to, std::optional<Deletion> deleted = {}) {
    store_->change_container({"acct", from}, [&](const ContainerEntry* current) {
      ContainerEntry entry = *current;
      entry.name = to;
      entry.deleted = deleted;
      return std::optional(entry);
    });
  };
  const auto containers = [&](bool deleted) {
    std::string names;
    for (const ContainerEntry& one : store_->list_containers("acct", {.deleted = deleted})) names += one.name + ' ';
    return names;
  };
  put("a/b", "text", {{"Content-Type", "text/plain"}});
  put_block("up", "1", "block");
  rename("data", "data!1", Deletion{kNow, kNow + std::chrono::days(1)});
  EXPECT_FALSE(store_->find_container({"acct", "data"}));
  EXPECT_FALSE(fs::exists(root_ / "acct" / "data"));
  open();
  EXPECT_EQ(containers(false) + "| " + containers(true), "| data!1 ");
  const auto ended = store_->ended(kNow + std::chrono::days(1), 10);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].container + "/" + ended[0].blob, "data!1/");
  rename("data!1", "other");
  EXPECT_EQ(containers(true), "other ");
  const auto bytes = store_->read({"acct", "other", "a/b"}, [](const BlobEntry& entry) {
    EXPECT_EQ(entry.properties.get("Content-Type"), "text/plain");
    return ByteRange{0, entry.size};
  });
  EXPECT_EQ(read_all(*bytes), "text");
  EXPECT_EQ(store_->blocks({"acct", "other", "up"}).uncommitted.size(), 1u);
  fs::create_directory(root_ / "acct" / "third");
  EXPECT_THROW(rename("other", "third"), Error);
  EXPECT_EQ(containers(true), "other third ");
}

TEST_F(FileBlobStoreTest, SnapshotsOutliveTheBlobsChangesAndARestart) {
  const auto take = [&](const std::string& blob) {
    const auto bytes = store_->read(named(blob), [](const BlobEntry& entry) { return ByteRange{0, entry.size}; });
    Time time{};
    NewContent content{store_->stage(*bytes), {{"id", 5}}};
    store_->add_snapshot(
        named(blob),
        [&](const BlobEntry* base) {
          BlobEntry entry = *base;
          entry.snapshot = time = store_->next_revision(kNow);
          return entry;
        },
        std::move(content));
    BlobName name = named(blob);
    name.snapshot = time;
    return name;
  };
  const auto text_of = [&](const BlobName& name) {
    const auto bytes = store_->read(name, [](const BlobEntry& entry) { return ByteRange{0, entry.size}; });
    return bytes ? read_all(*bytes) : "(none)";
  };
  put("a", "first");
  const BlobName one = take("a"), two = take("a");
  write(file("a"), "by hand");
  open();
  EXPECT_EQ(text_of(one) + get("a"), "firstby hand");
  EXPECT_EQ(store_->blocks(two).committed.size(), 1u);
  EXPECT_EQ(list({.snapshots = true}), "a a a");
  EXPECT_EQ(list({.from = "a", .from_snapshot = two.snapshot, .snapshots = true}), "a a");
  store_->change(one, [](const BlobEntry*) { return std::optional<BlobEntry>(); });
  EXPECT_EQ(text_of(one) + text_of(two), "(none)first");
  remove("a");
  EXPECT_EQ(text_of(two), "(none)");
  EXPECT_TRUE(fs::is_empty(root_ / ".snapshots"));
  put("a", "x");
  take("a");
  store_->change_family(named("a"), [](std::vector<BlobMember>& members) { members.erase(members.begin()); });
  EXPECT_EQ(list({.snapshots = true}), "a");
  EXPECT_TRUE(fs::is_empty(root_ / ".snapshots"));
  take("a");
  store_->change_container({"acct", "data"}, [](const ContainerEntry*) { return std::optional<ContainerEntry>(); });
  EXPECT_TRUE(fs::is_empty(root_ / ".snapshots"));
}

// Deletes and restores by moving between the blob and its snapshots, as the rules do.
TEST_F(FileBlobStoreTest, WhatIsKeptOfABlobOutlivesItAndARestart) {
  const auto as_kept = [&](const BlobEntry& entry) {
    BlobEntry kept = entry;
    kept.snapshot = store_->next_revision(kNow);
    kept.deleted = Deletion{kNow, kNow + std::chrono::hours(24), true};
    return kept;
  };
  const auto all = [&] { return list({.snapshots = true, .deleted = true}); };
  put("d/a", "first");
  StringSource source("second");
  store_->change(
      named("d/a"),
      [&](const BlobEntry* current) {
        BlobDecision decision = entry_maker("d/a", {})(current);
        decision.kept = as_kept(*current);
        return decision;
      },
      NewContent{store_->stage(source)});
  EXPECT_EQ(get("d/a"), "second");
  EXPECT_EQ(all(), "d/a d/a");
  EXPECT_EQ(list({.snapshots = true}), "d/a");
  put_block("d/a", "1", "block");
  store_->change_family(named("d/a"), [&](std::vector<BlobMember>& members) {
    ASSERT_EQ(members.size(), 2u);
    members.back().entry = as_kept(members.back().entry);
  });
  EXPECT_FALSE(fs::exists(file("d")));
  EXPECT_EQ(staged_files(root_).size(), 0u);
  open();
  EXPECT_EQ(list() + get("d/a"), "(none)");
  EXPECT_EQ(all(), "d/a d/a");
  EXPECT_EQ(store_->ended(kNow + std::chrono::hours(23), 10).size(), 0u);
  EXPECT_EQ(store_->ended(kNow + std::chrono::hours(24), 10).size(), 2u);
  store_->change_family(named("d/a"), [](std::vector<BlobMember>& members) {
    for (BlobMember& member : members) member.entry.deleted.reset();
    members.back().entry.snapshot = kNever;
  });
  EXPECT_EQ(text_of(file("d/a")), "second");
  open();
  EXPECT_EQ(list({.snapshots = true}), "d/a d/a");
  EXPECT_EQ(get("d/a"), "second");
  EXPECT_EQ(store_->ended(kNow + std::chrono::hours(24), 10).size(), 0u);
  store_->change_family(named("d/a"), [](std::vector<BlobMember>& members) { members.clear(); });
  EXPECT_EQ(all(), "");
  EXPECT_TRUE(fs::is_empty(root_ / ".snapshots"));
}

TEST_F(FileBlobStoreTest, APatchIsWrittenInPlaceAndIsNoEditByHand) {
  put("a", "hello");
  const auto patch = [&](ContentPatch change, std::uint64_t size) {
    store_->patch(
        named("a"),
        [&](const BlobEntry* current) {
          BlobEntry entry = *current;
          entry.size = size;
          entry.type = BlobType::Append;
          return std::optional(entry);
        },
        std::move(change));
  };
  const auto bytes = [&](const std::string& text) {
    StringSource source(text);
    return store_->stage(source);
  };
  const Time revision = store_->find(named("a"))->revision;
  patch({.bytes = bytes(" world")}, 11);
  EXPECT_EQ(get("a"), "hello world");
  patch({.offset = 1, .zeros = 3}, 11);
  EXPECT_EQ(get("a"), std::string("h\0\0\0o world", 11));
  patch({.offset = 0}, 600);
  EXPECT_EQ(get("a"), std::string("h\0\0\0o world", 11) + std::string(589, '\0'));
  patch({.offset = 0}, 2);
  open();
  EXPECT_EQ(get("a"), std::string("h\0", 2));
  const auto after = store_->find(named("a"));
  EXPECT_EQ(after->revision, revision);  // or it would have been taken for an edit
  EXPECT_EQ(after->type, BlobType::Append);
  EXPECT_EQ(staged_files(root_).size(), 0u);
}

TEST_F(FileBlobStoreTest, LeasesTypesAndPoliciesOutliveARestart) {
  put("a", "x");
  const Lease lease{.id = "11111111-2222-3333-4444-555555555555", .duration = Ticks(5), .expires = kNow};
  store_->change(named("a"), [&](const BlobEntry* current) {
    BlobEntry entry = *current;
    entry.type = BlobType::Page;
    entry.lease = lease;
    entry.tags = {{"k", "v"}};
    entry.pages = {{0, 512}, {1024, 512}};
    return std::optional(entry);
  });
  store_->change_container({"acct", "data"}, [&](const ContainerEntry* current) {
    ContainerEntry entry = *current;
    entry.lease = lease;
    entry.access = PublicAccess::Container;
    entry.policies = {{.id = "readers", .start = kNow, .permissions = "rl"}, {.id = "empty"}};
    return std::optional(entry);
  });
  open();
  const auto blob = store_->find(named("a"));
  EXPECT_EQ(blob->type, BlobType::Page);
  EXPECT_EQ(blob->lease, lease);
  EXPECT_EQ(blob->tags.get("k"), "v");
  EXPECT_EQ(blob->pages, (std::vector<ByteRange>{{0, 512}, {1024, 512}}));
  const auto container = store_->find_container({"acct", "data"});
  EXPECT_EQ(container->lease, lease);
  EXPECT_EQ(container->access, PublicAccess::Container);
  ASSERT_EQ(container->policies.size(), 2u);
  EXPECT_EQ(container->policies[0].start, kNow);
  EXPECT_EQ(container->policies[0].permissions, "rl");
  EXPECT_FALSE(container->policies[1].expiry);
}

TEST_F(FileBlobStoreTest, TheIndexOfANewerProgramIsRefused) {
  store_.reset();
  SQLite::Database((root_ / "blobs.db").string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  EXPECT_THROW(open(), UsageError);
}

TEST_F(FileBlobStoreTest, ASecondProcessIsKeptOut) { EXPECT_THROW(FileBlobStore({.root = root_.string()}), Error); }

// A full disk, as the kernel's file size limit makes one: the write fails after a part of the bytes.
TEST_F(FileBlobStoreTest, AFailedWriteIsAnErrorAndLeavesNothing) {
  put("a", "old");
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 1 << 20;
  ::setrlimit(RLIMIT_FSIZE, &small);
  StringSource source(std::string(3 << 20, 'x'));
  EXPECT_THROW(store_->stage(source), Error);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(staged_files(root_).size(), 0u);
  EXPECT_EQ(get("a"), "old");
}

TEST_F(FileBlobStoreTest, AProgramKilledWhileWritingLeavesOldOrNewAndNoRubbish) {
  put("a", std::string(100'000, '0'));
  store_.reset();
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      open();
      for (int i = 1;; ++i) {
        put("a", std::string(100'000 + i, static_cast<char>('0' + i % 10)), {{"n", std::to_string(i)}});
        put("gone", "x");
        remove("gone");
      }
    }
    // Far enough to be in the middle of something, at another point each round.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(60 + 7 * round);
    while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    open();
    const std::string text = get("a");
    const auto entry = store_->find(named("a"));
    ASSERT_TRUE(entry);
    const int n = static_cast<int>(text.size()) - 100'000;
    ASSERT_EQ(text, std::string(text.size(), static_cast<char>('0' + n % 10)));
    if (n > 0) {
      ASSERT_EQ(entry->properties.get("n"), std::to_string(n));  // bytes and properties of one write
    }
    ASSERT_EQ(staged_files(root_).size(), 0u);
    ASSERT_THAT(list(), ::testing::AnyOf("a", "a gone"));
    ASSERT_THAT(get("gone"), ::testing::AnyOf("x", "(none)"));
    store_.reset();
  }
}

TEST_F(FileBlobStoreTest, AProgramKilledWhileAppendingLeavesWholeBlocks) {
  constexpr std::size_t kBlock = 50'000;
  put("log", "");
  store_.reset();
  for (int round = 0; round < 6; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      open();
      while (true) {
        StringSource block(std::string(kBlock, static_cast<char>('a' + round)));
        const auto append = [](const BlobEntry* current) {
          BlobEntry entry = *current;
          entry.size += kBlock;
          entry.properties.set("n", std::to_string(entry.size / kBlock));
          return std::optional(entry);
        };
        store_->patch(named("log"), append, {.bytes = store_->stage(block)});
      }
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(60 + 7 * round);
    while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    open();
    const auto entry = store_->find(named("log"));
    const std::string text = get("log");
    ASSERT_EQ(text.size() % kBlock, 0u);
    ASSERT_EQ(text.size(), entry->size);
    for (std::size_t at = 0; at < text.size(); at += kBlock) {
      ASSERT_EQ(text.compare(at, kBlock, std::string(kBlock, text[at])), 0) << at;
    }
    if (!text.empty()) {
      ASSERT_EQ(entry->properties.get("n"), std::to_string(text.size() / kBlock));  // and not taken for an edit
    }
    ASSERT_EQ(staged_files(root_).size(), 0u);
    store_.reset();
  }
}

TEST_F(FileBlobStoreTest, BytesOfFilesAreHandedOutAsFiles) {
  put("a", "0123456789");
  const auto source = store_->read(named("a"), [](const BlobEntry&) { return ByteRange{2, 3}; });
  const auto given = source->file();
  ASSERT_TRUE(given);
  char text[3];
  ASSERT_EQ(::pread(given->descriptor, text, 3, static_cast<off_t>(given->offset)), 3);
  EXPECT_EQ(std::string(text, 3), "234");
  EXPECT_EQ(given->size, 3u);
}

}  // namespace
}  // namespace batchite
