#include "backends/local/package_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <memory>
#include <vector>

#include "backends/local/blob_files.h"
#include "backends/local/file_descriptor.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

// --- reading --------------------------------------------------------------------------------------------------------

// The archive as libarchive reads it: a part of an open file. A zip file's table is at its end, so that it has to be
// one in which one can move.
class Input {
 public:
  Input(ByteSource& zip, const fs::path& directory) {
    if (const auto given = zip.file()) {
      part_ = *given;
      return;
    }
    spool_.reset(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!spool_) throw_disk_error(errno, "opening a temporary file");
    part_ = {spool_.get(), 0, 0};
    while (const std::size_t count = zip.read(buffer_)) {
      if (::write(spool_.get(), buffer_.data(), count) != static_cast<ssize_t>(count)) {
        throw_disk_error(errno, "writing a temporary file");
      }
      part_.size += count;
    }
  }
  std::uint64_t size() const { return part_.size; }

  static la_ssize_t read(archive*, void* self, const void** bytes) {
    Input& input = *static_cast<Input*>(self);
    const std::size_t wanted = std::min<std::uint64_t>(input.buffer_.size(), input.part_.size - input.at_);
    const ssize_t count = ::pread(input.part_.descriptor, input.buffer_.data(), wanted,
                                  static_cast<off_t>(input.part_.offset + input.at_));
    *bytes = input.buffer_.data();
    if (count > 0) input.at_ += static_cast<std::uint64_t>(count);
    return count;
  }
  static la_int64_t seek(archive*, void* self, la_int64_t offset, int whence) {
    Input& input = *static_cast<Input*>(self);
    const std::uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? input.at_ : input.part_.size;
    const la_int64_t target = static_cast<la_int64_t>(base) + offset;
    input.at_ = std::min(static_cast<std::uint64_t>(std::max<la_int64_t>(target, 0)), input.part_.size);
    return static_cast<la_int64_t>(input.at_);
  }

 private:
  FileDescriptor spool_;
  ByteSource::File part_{};
  std::uint64_t at_ = 0;
  std::array<char, 128 * 1024> buffer_;
};

struct CloseArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

[[noreturn]] void damaged(archive* reader) {
  const char* text = archive_error_string(reader);
  throw BadPackage(fmt::format("The zip file cannot be read: {}", text ? text : "it is damaged"));
}

Archive open_archive(Input& input) {
  Archive reader(archive_read_new());
  archive_read_support_format_zip_seekable(reader.get());
  archive_read_set_read_callback(reader.get(), Input::read);
  archive_read_set_seek_callback(reader.get(), Input::seek);
  archive_read_set_callback_data(reader.get(), &input);
  if (archive_read_open1(reader.get()) != ARCHIVE_OK) damaged(reader.get());
  return reader;
}

// Names are UTF-8 in most archives and just bytes in the others; the locale decides neither.
std::string text_of(const char* utf8, const char* bytes) { return utf8 ? utf8 : bytes ? bytes : ""; }

std::string name_of(archive_entry* entry) {
  std::string name = text_of(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
  // Some programs of Windows write their own separator.
  if (name.find('/') == std::string::npos) std::ranges::replace(name, '\\', '/');
  return name;
}

// --- writing --------------------------------------------------------------------------------------------------------

class Unpacker {
 public:
  Unpacker(archive* reader, const fs::path& directory, std::uint64_t most_bytes)
      : reader_(reader), root_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), most_bytes_(most_bytes) {
    if (!root_) throw_disk_error(errno, "opening a directory");
  }

  void take(archive_entry* entry) {
    const std::string name = checked(name_of(entry));
    if (name.empty()) return;  // the root itself
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        make_directories(name);
        ::fchmodat(root_.get(), name.c_str(), (archive_entry_perm(entry) & 0777) | 0700, 0);
        return;
      case AE_IFREG:
        return write_file(name, entry);
      case AE_IFLNK:
        links_.push_back({name, text_of(archive_entry_symlink_utf8(entry), archive_entry_symlink(entry))});
        return;
      default:
        throw BadPackage(fmt::format("'{}' is neither a file, a directory nor a link.", name));
    }
  }

  // Last, so that nothing is written through one; and looked at when all are there, for they may lead over each other.
  void make_links() {
    for (const Link& link : links_) {
      make_parents(link.name);
      ::unlinkat(root_.get(), link.name.c_str(), 0);
      if (::symlinkat(link.target.c_str(), root_.get(), link.name.c_str()) != 0) fail(link.name);
    }
    for (const Link& link : links_) {
      const FileDescriptor end(open_beneath(link.name, O_PATH, 0, RESOLVE_BENEATH));
      if (!end && errno != ENOENT) {
        throw BadPackage(fmt::format("The link '{}' leads out of the package, to '{}'.", link.name, link.target));
      }
    }
  }

 private:
  struct Link {
    std::string name, target;
  };

  // Without "." and the slash at a directory's end.
  static std::string checked(const std::string& name) {
    const fs::path path(name);
    if (path.is_absolute()) throw BadPackage(fmt::format("The name '{}' is absolute.", name));
    std::string clean;
    for (const fs::path& part : path) {
      if (part == "..") throw BadPackage(fmt::format("The name '{}' leads out of the package.", name));
      if (part.empty() || part == ".") continue;
      clean += clean.empty() ? part.string() : "/" + part.string();
    }
    return clean;
  }

  [[noreturn]] static void fail(const std::string& name) {
    const int number = errno;
    if (number == ENOSPC || number == EDQUOT || number == EIO) throw_disk_error(number, "unpacking a package");
    throw BadPackage(fmt::format("'{}' cannot be made: {}.", name, std::generic_category().message(number)));
  }

  int open_beneath(const std::string& name, int flags, mode_t mode, std::uint64_t resolve) const {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    return static_cast<int>(::syscall(SYS_openat2, root_.get(), name.c_str(), &how, sizeof how));
  }

  void make_directories(const std::string& name) {
    for (std::size_t slash = 0; slash != std::string::npos;) {
      slash = name.find('/', slash + 1);
      if (::mkdirat(root_.get(), name.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) fail(name);
    }
  }
  void make_parents(const std::string& name) {
    if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) make_directories(name.substr(0, slash));
  }

  void write_file(const std::string& name, archive_entry* entry) {
    make_parents(name);
    ::unlinkat(root_.get(), name.c_str(), 0);  // a later entry of the same name replaces the earlier one
    const FileDescriptor file(
        open_beneath(name, O_WRONLY | O_CREAT | O_EXCL, 0600, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!file) fail(name);
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    int result;
    while ((result = archive_read_data_block(reader_, &bytes, &size, &offset)) == ARCHIVE_OK) {
      bytes_ += size;
      if (bytes_ > most_bytes_) {
        throw BadPackage(fmt::format("It unpacks to more than {} bytes, far more than its size.", most_bytes_));
      }
      for (std::size_t written = 0; written < size;) {
        const ssize_t count = ::pwrite(file.get(), static_cast<const char*>(bytes) + written, size - written,
                                       static_cast<off_t>(offset) + static_cast<off_t>(written));
        if (count < 0 && errno != EINTR) fail(name);
        if (count > 0) written += static_cast<std::size_t>(count);
      }
    }
    if (result != ARCHIVE_EOF) damaged(reader_);
    ::fchmod(file.get(), archive_entry_perm(entry) & 0777);
    if (archive_entry_mtime_is_set(entry)) {
      const timespec time{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
      const timespec times[] = {time, time};
      ::futimens(file.get(), times);
    }
  }

  archive* reader_;
  FileDescriptor root_;
  const std::uint64_t most_bytes_;
  std::uint64_t bytes_ = 0;
  std::vector<Link> links_;
};

}  // namespace

void unpack_package(ByteSource& zip, const fs::path& directory, const UnpackLimits& limits) {
  Input input(zip, directory);
  const Archive reader = open_archive(input);
  Unpacker unpacker(reader.get(), directory, limits.free_bytes + limits.ratio * input.size());
  archive_entry* entry = nullptr;
  std::uint64_t entries = 0;
  while (true) {
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    // A warning is about a name that the locale cannot show.
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) damaged(reader.get());
    if (++entries > limits.entries) throw BadPackage(fmt::format("It has more than {} entries.", limits.entries));
    unpacker.take(entry);
  }
  unpacker.make_links();
}

}  // namespace batchite
