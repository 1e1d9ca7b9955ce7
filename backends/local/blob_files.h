// The files behind FileBlobStore: bodies written aside in `{root}/.staging`, blobs under
// `{root}/{account}/{container}`. Paths are relative to the root. Nothing here follows a symbolic link, so a link that
// somebody put into a container leads nowhere. Any thread; who renames and removes holds the store's change. Throws
// Error kInternalError that names the file and the cause.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "backends/local/durability.h"
#include "backends/local/file_descriptor.h"
#include "core/base/error.h"
#include "core/blob/blob_store.h"

namespace batchite {

// By which an edit by hand is noticed.
struct FileMark {
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  bool operator==(const FileMark&) const = default;
};

Time time_of_file(const FileMark& mark);  // when it was last written

// kInternalError with what the system said of a file.
class DiskError : public Error {
 public:
  DiskError(int number, const std::string& doing);
  int number() const { return number_; }  // errno

 private:
  int number_;
};
[[noreturn]] void throw_disk_error(int error, const std::string& doing);

FileMark mark_of(const FileDescriptor& file);

struct MarkedFile {
  FileDescriptor file = {};
  FileMark mark = {};
};
void write_all(int file, std::span<const char> bytes);
void seek_to(int file, std::uint64_t at);
void set_size(int file, std::uint64_t size);
// Writes `size` bytes of `from` where `to` stands, sharing blocks where the file system can.
void copy_range(int from, std::uint64_t offset, std::uint64_t size, int to);

struct Move;  // of backends/local/blob_index.h

// Part of an open file.
class FileSource : public ByteSource {
 public:
  FileSource(FileDescriptor file, ByteRange range) : file_(std::move(file)), at_(range.offset), left_(range.size) {}
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return left_; }
  std::optional<File> file() const override { return File{file_.get(), at_, left_}; }

 private:
  FileDescriptor file_;
  std::uint64_t at_, left_;
};

// A file in the staging folder, removed with the object unless released.
class StagedFile : public StagedBytes {
 public:
  StagedFile(int root, std::string path) : root_(root), path_(std::move(path)) {}
  ~StagedFile() override;
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  std::uint64_t size() const override { return mark_.size; }
  const std::string& path() const { return path_; }
  const FileMark& mark() const { return mark_; }
  void set_mark(const FileMark& mark) { mark_ = mark; }
  void release() { path_.clear(); }

 private:
  int root_;
  std::string path_;
  FileMark mark_;
};

class BlobFiles {
 public:
  // Creates the root. Throws when another process uses it.
  BlobFiles(const std::string& root, Durability durability);
  ~BlobFiles();  // leaves nothing staged but uncommitted blocks

  std::unique_ptr<StagedFile> stage(ByteSource& source);
  // Into a file that is staged already, or is then; other places of it may be written at the same time.
  void stage_into(const std::string& path, std::uint64_t at, ByteSource& source) const;
  std::unique_ptr<StagedFile> stage_zeros(std::uint64_t size);  // takes no space
  // A copy of ranges of open files, one after the other.
  class Concatenation {
   public:
    explicit Concatenation(BlobFiles& files);
    void append(int file, ByteRange range) { copy_range(file, range.offset, range.size, file_.get()); }
    std::unique_ptr<StagedFile> finish() { return files_.finish(std::move(staged_), file_); }

   private:
    BlobFiles& files_;
    std::unique_ptr<StagedFile> staged_;
    FileDescriptor file_;
  };
  // A second name for a file: no bytes move. Null when it is gone.
  std::unique_ptr<StagedFile> link(const std::string& path) { return link(path, new_staging_path()); }
  std::unique_ptr<StagedFile> link_as_snapshot(const std::string& path) { return link(path, new_snapshot_path()); }

  std::optional<FileMark> mark(const std::string& path) const;  // nullopt: no regular file there
  std::optional<FileMark> folder_mark(const std::string& path) const;
  MarkedFile open_marked(const std::string& path) const;  // none when there is no regular file
  FileDescriptor open(const std::string& path) const { return open_marked(path).file; }
  FileDescriptor open_to_write(const std::string& path) const;  // none when it cannot be opened
  void settle(const FileDescriptor& file) const;                // on the disk, where that is asked for
  FileDescriptor open_folder(const std::string& path) const;

  // Where a blob can lie in `folder`, with the directories for it made: its plain path, or one with clash marks.
  std::string reserve(const std::string& folder, const std::string& name) const;
  void make_folder(const std::string& path) const;
  void move(const std::string& from, const std::string& to) const;
  void replace(const std::string& from, const std::string& to) const;  // where a file is
  // With the directories left empty, up to and without `folder`. Absent is fine.
  void remove(const std::string& folder, const std::string& path) const;
  void remove_tree(const std::string& path) const;
  std::string new_staging_path();
  std::string new_snapshot_path();
  // Removes all that is staged but for `kept`; likewise snapshots.
  void sweep(const std::set<std::string>& kept) const;
  void sweep_snapshots(const std::set<std::string>& kept) const;

  // How a file will look after a change in place: other than before, whatever the clock says.
  FileMark next_mark(const FileMark& before, std::uint64_t size) const;
  // Throws when the disk has no room for the patch's bytes, `size` of them.
  void make_room(const std::string& path, std::uint64_t offset, std::uint64_t size) const;
  // Carries the move's patch out and removes its staged file; nothing when that is gone, since it has been done then.
  void write_into(const Move& move) const;
  std::vector<std::string> folders_in(const std::string& path) const;  // names; none when there is no such folder

 private:
  std::unique_ptr<StagedFile> finish(std::unique_ptr<StagedFile> staged, const FileDescriptor& file) const;
  std::unique_ptr<StagedFile> link(const std::string& path, std::string second);
  FileDescriptor create(const std::string& path) const;
  void sweep_folder(std::string_view folder, const std::set<std::string>& kept) const;
  void settle_folder_of(const std::string& path) const;

  std::string root_path_;
  FileDescriptor root_, staging_;
  Durability durability_;
  std::string life_;  // the name of what this process stages in; no earlier one has it
  std::atomic<std::uint64_t> next_{0};
};

}  // namespace batchite
