#include "backends/local/blob_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <chrono>
#include <cstring>
#include <filesystem>

#include "backends/local/blob_index.h"
#include "backends/local/blob_names.h"
#include "backends/local/write_behind.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

constexpr std::string_view kStaging = ".staging", kSnapshots = ".snapshots";

std::string cause_of(int error) {
  if (error == ENOSPC || error == EDQUOT) return "the disk is full";
  return std::generic_category().message(error);
}

FileMark mark_of(const struct stat& status) {
  return {status.st_ino, std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
          static_cast<std::uint64_t>(status.st_size)};
}

// Opens below `folder` without following a link anywhere. Where the kernel or a filter denies openat2, only the last
// component is guarded; blob names themselves cannot leave the folder either way.
FileDescriptor open_beneath(int folder, const std::string& path, int flags) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const char* text = path.empty() ? "." : path.c_str();
  FileDescriptor file(static_cast<int>(::syscall(SYS_openat2, folder, text, &how, sizeof how)));
  if (!file && (errno == ENOSYS || errno == EPERM)) file.reset(::openat(folder, text, flags | O_CLOEXEC | O_NOFOLLOW));
  return file;
}

void copy_by_hand(int from, std::uint64_t offset, std::uint64_t size, int to) {
  const std::size_t capacity = std::min<std::uint64_t>(kBufferBytes, size);
  const auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  while (size > 0) {
    const ssize_t count =
        ::pread(from, buffer.get(), std::min<std::uint64_t>(capacity, size), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw_disk_error(count < 0 ? errno : EIO, "reading a blob");
    write_all(to, {buffer.get(), static_cast<std::size_t>(count)});
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::uint64_t>(count);
  }
}

// Zeros in a range of the file: as a hole, where the file system has such.
void clear(int file, ByteRange range) {
  const auto at = static_cast<off_t>(range.offset), size = static_cast<off_t>(range.size);
  if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size) == 0) return;
  const std::string zeros(std::min<std::uint64_t>(kBufferBytes, range.size), '\0');
  seek_to(file, range.offset);
  for (std::uint64_t left = range.size; left > 0;) {
    const std::size_t count = std::min<std::uint64_t>(left, zeros.size());
    write_all(file, {zeros.data(), count});
    left -= count;
  }
}

// Like copy_range, but leaves out what was never written. `to` is empty.
void copy_sparse(int from, std::uint64_t offset, std::uint64_t size, int to) {
  const auto end = static_cast<off_t>(offset + size);
  for (auto at = static_cast<off_t>(offset); at < end;) {
    const off_t data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole up to the end
    const off_t hole = data < 0 ? end : ::lseek(from, data, SEEK_HOLE);
    const off_t first = data < 0 ? at : std::min(data, end), last = hole < 0 ? end : std::min(hole, end);
    seek_to(to, static_cast<std::uint64_t>(first) - offset);
    copy_range(from, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last - first), to);
    at = last;
  }
  set_size(to, size);
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// The folder's child of that name, made if need be; with the mark of a clash where a file has the name.
FileDescriptor enter(int folder, std::string& component) {
  for (int attempt = 0; attempt < 4; ++attempt) {
    FileDescriptor child(::openat(folder, component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (child) return child;
    if (errno == ENOENT) {
      if (::mkdirat(folder, component.c_str(), 0777) != 0 && errno != EEXIST)
        throw_disk_error(errno, "making a folder");
    } else if (errno == ENOTDIR || errno == ELOOP) {
      component += kBesideFile;
    } else {
      throw_disk_error(errno, "opening the folder " + component);
    }
  }
  throw_disk_error(ENOTDIR, "opening the folder " + component);
}

}  // namespace

Time time_of_file(const FileMark& mark) {
  return Time(std::chrono::duration_cast<Ticks>(std::chrono::nanoseconds(mark.mtime_ns)));
}

DiskError::DiskError(int number, const std::string& doing)
    : Error(500, std::string(blob_errors::kInternalError.code),
            fmt::format("{} ({}: {})", blob_errors::kInternalError.message, doing, cause_of(number))),
      number_(number) {}

void throw_disk_error(int error, const std::string& doing) { throw DiskError(error, doing); }

void write_all(int file, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_disk_error(errno, "writing a blob");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

FileMark mark_of(const FileDescriptor& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_disk_error(errno, "reading a file's status");
  return mark_of(status);
}

void seek_to(int file, std::uint64_t at) {
  if (::lseek(file, static_cast<off_t>(at), SEEK_SET) < 0) throw_disk_error(errno, "seeking");
}

void set_size(int file, std::uint64_t size) {
  if (::ftruncate(file, static_cast<off_t>(size)) != 0) throw_disk_error(errno, "sizing a blob");
}

void copy_range(int from, std::uint64_t offset, std::uint64_t size, int to) {
  auto at = static_cast<off_t>(offset);
  while (size > 0) {
    const ssize_t count = ::copy_file_range(from, &at, to, nullptr, size, 0);
    if (count > 0) {
      size -= static_cast<std::uint64_t>(count);
      continue;
    }
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) throw_disk_error(errno, "copying a blob");
    // Other file systems, odd files: the plain way says what is wrong, if anything is.
    return copy_by_hand(from, static_cast<std::uint64_t>(at), size, to);
  }
}

std::size_t FileSource::read(std::span<char> into) {
  const std::size_t wanted = std::min<std::uint64_t>(into.size(), left_);
  if (wanted == 0) return 0;
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), into.data(), wanted, static_cast<off_t>(at_));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) throw_disk_error(count < 0 ? errno : EIO, "reading a blob");  // 0: truncated by hand meanwhile
  at_ += static_cast<std::uint64_t>(count);
  left_ -= static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

StagedFile::~StagedFile() {
  if (!path_.empty()) ::unlinkat(root_, path_.c_str(), 0);
}

namespace {

// Asks ext4 to place folders that are made in this one apart from it, as in the topmost. New files lie near their
// folder, and where others were deleted lately ext4 (without a journal) takes long to find a place for one.
void spread_folders_in(const FileDescriptor& folder) {
  unsigned flags = 0;
  if (::ioctl(folder.get(), FS_IOC_GETFLAGS, &flags) != 0) return;  // another file system
  flags |= FS_TOPDIR_FL;
  ::ioctl(folder.get(), FS_IOC_SETFLAGS, &flags);
}

}  // namespace

BlobFiles::BlobFiles(const std::string& root, Durability durability) : root_path_(root), durability_(durability) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(root) / kStaging, error);
  if (!error) std::filesystem::create_directories(std::filesystem::path(root) / kSnapshots, error);
  if (error) throw_disk_error(error.value(), "making " + root);
  root_.reset(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  staging_ = open_folder(std::string(kStaging));
  if (!root_ || !staging_) throw_disk_error(errno, "opening " + root);
  if (::flock(staging_.get(), LOCK_EX | LOCK_NB) != 0) throw_disk_error(errno, "taking " + root + " (in use?)");
  life_ = fmt::format("{:x}", std::chrono::system_clock::now().time_since_epoch().count());
  spread_folders_in(staging_);
  if (::mkdirat(staging_.get(), life_.c_str(), 0777) != 0) throw_disk_error(errno, "making a folder in " + root);
}

BlobFiles::~BlobFiles() { ::unlinkat(staging_.get(), life_.c_str(), AT_REMOVEDIR); }

std::string BlobFiles::new_staging_path() {
  return fmt::format("{}/{}/{}", kStaging, life_, next_.fetch_add(1, std::memory_order_relaxed));
}

std::string BlobFiles::new_snapshot_path() {
  return fmt::format("{}/{}-{}", kSnapshots, life_, next_.fetch_add(1, std::memory_order_relaxed));
}

FileDescriptor BlobFiles::create(const std::string& path) const {
  FileDescriptor file(::openat(root_.get(), path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file) throw_disk_error(errno, "creating " + path);
  return file;
}

std::unique_ptr<StagedFile> BlobFiles::finish(std::unique_ptr<StagedFile> staged, const FileDescriptor& file) const {
  settle(file);
  staged->set_mark(mark_of(file));
  return staged;
}

namespace {

// Fills whole buffers: a source gives what has just arrived.
void stage_behind(ByteSource& source, int file) {
  WriteBehind writer(file);
  for (bool more = true; more;) {
    const std::span<char> buffer = writer.buffer();
    const std::size_t filled = read_fully(source, buffer);
    more = filled == buffer.size();
    if (filled > 0) writer.give(filled);
  }
  writer.finish();
}

void fill(ByteSource& source, int file) {
  if (source.size().value_or(kBufferBytes) >= kBufferBytes) return stage_behind(source, file);
  const std::size_t capacity = std::max<std::uint64_t>(*source.size() + 1, 4096);
  const auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  while (const std::size_t count = source.read({buffer.get(), capacity})) write_all(file, {buffer.get(), count});
}

}  // namespace

std::unique_ptr<StagedFile> BlobFiles::stage(ByteSource& source) {
  auto staged = std::make_unique<StagedFile>(root_.get(), new_staging_path());
  const FileDescriptor file = create(staged->path());
  if (const auto given = source.file()) {
    copy_sparse(given->descriptor, given->offset, given->size, file.get());
    return finish(std::move(staged), file);
  }
  fill(source, file.get());
  return finish(std::move(staged), file);
}

void BlobFiles::stage_into(const std::string& path, std::uint64_t at, ByteSource& source) const {
  const FileDescriptor file(::openat(root_.get(), path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!file) throw_disk_error(errno, "creating " + path);
  seek_to(file.get(), at);
  fill(source, file.get());
  settle(file);
}

std::unique_ptr<StagedFile> BlobFiles::stage_zeros(std::uint64_t size) {
  auto staged = std::make_unique<StagedFile>(root_.get(), new_staging_path());
  const FileDescriptor file = create(staged->path());
  set_size(file.get(), size);
  return finish(std::move(staged), file);
}

BlobFiles::Concatenation::Concatenation(BlobFiles& files)
    : files_(files),
      staged_(std::make_unique<StagedFile>(files.root_.get(), files.new_staging_path())),
      file_(files.create(staged_->path())) {}

std::unique_ptr<StagedFile> BlobFiles::link(const std::string& path, std::string second) {
  auto staged = std::make_unique<StagedFile>(root_.get(), std::move(second));
  if (::linkat(root_.get(), path.c_str(), root_.get(), staged->path().c_str(), 0) != 0) {
    staged->release();
    if (errno == ENOENT) return nullptr;
    throw_disk_error(errno, "linking " + path);
  }
  const auto linked = mark(staged->path());
  if (!linked) return nullptr;
  staged->set_mark(*linked);
  return staged;
}

std::optional<FileMark> BlobFiles::mark(const std::string& path) const {
  struct stat status {};
  if (::fstatat(root_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return S_ISREG(status.st_mode) ? std::optional(mark_of(status)) : std::nullopt;
}

std::optional<FileMark> BlobFiles::folder_mark(const std::string& path) const {
  struct stat status {};
  if (::fstatat(root_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return S_ISDIR(status.st_mode) ? std::optional(mark_of(status)) : std::nullopt;
}

MarkedFile BlobFiles::open_marked(const std::string& path) const {
  FileDescriptor file = open_beneath(root_.get(), path, O_RDONLY | O_NONBLOCK);  // a FIFO must not hold us up
  struct stat status {};
  if (file && (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) file.reset();
  if (!file && errno == EMFILE) throw_disk_error(errno, "opening " + path);
  return {std::move(file), mark_of(status)};
}

FileDescriptor BlobFiles::open_to_write(const std::string& path) const {
  return open_beneath(root_.get(), path, O_RDWR);
}

void BlobFiles::settle(const FileDescriptor& file) const {
  if (durability_ == Durability::Disk && ::fdatasync(file.get()) != 0) throw_disk_error(errno, "syncing a blob");
}

FileDescriptor BlobFiles::open_folder(const std::string& path) const {
  return open_beneath(root_.get(), path, O_RDONLY | O_DIRECTORY);
}

void BlobFiles::make_folder(const std::string& path) const {
  std::string made;
  for (std::size_t start = 0; start <= path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    made = path.substr(0, slash);
    if (::mkdirat(root_.get(), made.c_str(), 0777) != 0 && errno != EEXIST) throw_disk_error(errno, "making " + made);
    start = slash + 1;
  }
}

std::string BlobFiles::reserve(const std::string& folder, const std::string& name) const {
  std::vector<std::string> components = blob_path_components(name);
  std::string leaf = std::move(components.back());
  components.pop_back();
  FileDescriptor at = open_folder(folder);
  if (!at) throw_disk_error(errno, "opening the container's folder " + folder);
  std::string path;
  for (std::string& component : components) {
    FileDescriptor child = enter(at.get(), component);
    at = std::move(child);
    path += component + '/';
  }
  struct stat status {};
  while (::fstatat(at.get(), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
    leaf += kBesideFolder;
  }
  return path + leaf;
}

void BlobFiles::move(const std::string& from, const std::string& to) const {
  if (::renameat(root_.get(), from.c_str(), root_.get(), to.c_str()) != 0) throw_disk_error(errno, "renaming to " + to);
  settle_folder_of(to);
}

// ext4 writes a file out at once that is renamed over another (mount option auto_da_alloc), which costs more than all
// the rest; it does not when the two change places.
void BlobFiles::replace(const std::string& from, const std::string& to) const {
  const auto exchange = [&] {
    return ::renameat2(root_.get(), from.c_str(), root_.get(), to.c_str(), RENAME_EXCHANGE) == 0;
  };
  if (!exchange()) return move(from, to);  // the file system cannot, or there is none any more
  if (::unlinkat(root_.get(), from.c_str(), 0) != 0) {
    const int error = errno;  // a folder has been put there by hand
    exchange();
    throw_disk_error(error, "replacing " + to);
  }
  settle_folder_of(to);
}

void BlobFiles::settle_folder_of(const std::string& path) const {
  if (durability_ != Durability::Disk) return;
  const FileDescriptor folder = open_folder(parent_of(path));
  if (!folder || ::fsync(folder.get()) != 0) throw_disk_error(errno, "syncing the folder of " + path);
}

void BlobFiles::remove(const std::string& folder, const std::string& path) const {
  std::string full = folder + '/' + path;
  if (::unlinkat(root_.get(), full.c_str(), 0) != 0 && errno != ENOENT) throw_disk_error(errno, "removing " + full);
  for (full = parent_of(full); full.size() > folder.size(); full = parent_of(full)) {
    if (::unlinkat(root_.get(), full.c_str(), AT_REMOVEDIR) != 0) return;  // not empty
  }
}

void BlobFiles::remove_tree(const std::string& path) const {
  if (::unlinkat(root_.get(), path.c_str(), 0) == 0 || errno != EISDIR) return;
  std::error_code ignored;  // what cannot be removed now is swept at the next start
  std::filesystem::remove_all(fmt::format("{}/{}", root_path_, path), ignored);
}

FileMark BlobFiles::next_mark(const FileMark& before, std::uint64_t size) const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t time = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return {before.inode, std::max(time, before.mtime_ns + 1), size};
}

void BlobFiles::make_room(const std::string& path, std::uint64_t offset, std::uint64_t size) const {
  if (size == 0) return;
  const FileDescriptor file = open_to_write(path);
  if (!file) throw_disk_error(errno, "opening " + path);
  const auto at = static_cast<off_t>(offset), length = static_cast<off_t>(size);
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, at, length) == 0 || errno == EOPNOTSUPP) return;
  throw_disk_error(errno, "writing a blob");
}

void BlobFiles::write_into(const Move& move) const {
  const FileDescriptor from = open(move.from);
  if (!from) return;
  const FileDescriptor to = open_to_write(move.to);
  if (!to) throw_disk_error(errno, "opening " + move.to);
  seek_to(to.get(), move.patch->offset);
  copy_by_hand(from.get(), 0, mark_of(from).size, to.get());
  if (move.patch->zeros > 0) clear(to.get(), {move.patch->offset, move.patch->zeros});
  set_size(to.get(), move.mark.size);
  const timespec time{move.mark.mtime_ns / 1'000'000'000, move.mark.mtime_ns % 1'000'000'000};
  const timespec times[] = {time, time};
  if (::futimens(to.get(), times) != 0) throw_disk_error(errno, "setting the time of " + move.to);
  settle(to);
  ::unlinkat(root_.get(), move.from.c_str(), 0);
}

void BlobFiles::sweep(const std::set<std::string>& kept) const { sweep_folder(kStaging, kept); }
void BlobFiles::sweep_snapshots(const std::set<std::string>& kept) const { sweep_folder(kSnapshots, kept); }

void BlobFiles::sweep_folder(std::string_view folder, const std::set<std::string>& kept) const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("{}/{}", root_path_, folder), error)) {
    const std::string path = fmt::format("{}/{}", folder, entry.path().filename().string());
    if (kept.contains(path)) continue;
    if (entry.symlink_status(error).type() != std::filesystem::file_type::directory) {
      ::unlinkat(root_.get(), path.c_str(), 0);
    } else if (entry.path().filename() != life_) {
      sweep_folder(path, kept);
      ::unlinkat(root_.get(), path.c_str(), AT_REMOVEDIR);  // unless something kept is in there
    }
  }
}

std::vector<std::string> BlobFiles::folders_in(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("{}/{}", root_path_, path), error)) {
    if (entry.symlink_status(error).type() == std::filesystem::file_type::directory) {
      names.push_back(entry.path().filename().string());
    }
  }
  return names;
}

}  // namespace batchite
