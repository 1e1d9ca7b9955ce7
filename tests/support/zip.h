// Zip files as tests want them, good and bad, made by libarchive in memory.
#pragma once
#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
#include <vector>

namespace batchite::testing {

struct ZipEntry {
  std::string name;
  std::string content = {};
  unsigned mode = 0644;
  std::string link = {};  // not empty: a symbolic link to this
  bool is_directory = false;
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  std::size_t size = 64 * 1024;
  for (const ZipEntry& entry : entries) size += entry.content.size() + 4096;
  std::string zip(size, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open_memory(writer, zip.data(), zip.size(), &used);
  for (const ZipEntry& one : entries) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), one.name.c_str());
    archive_entry_set_mtime(entry.get(), 1'700'000'000, 0);
    archive_entry_set_filetype(entry.get(), one.is_directory ? AE_IFDIR : one.link.empty() ? AE_IFREG : AE_IFLNK);
    archive_entry_set_perm(entry.get(), static_cast<mode_t>(one.mode));
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(one.link.empty() ? one.content.size() : 0));
    if (!one.link.empty()) archive_entry_set_symlink(entry.get(), one.link.c_str());
    archive_write_header(writer, entry.get());
    if (one.link.empty()) archive_write_data(writer, one.content.data(), one.content.size());
  }
  archive_write_free(writer);
  zip.resize(used);
  return zip;
}

}  // namespace batchite::testing
