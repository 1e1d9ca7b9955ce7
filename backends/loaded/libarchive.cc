#include <archive.h>
#include <archive_entry.h>

#include "backends/loaded/loaded_library.h"

namespace {

const batchite::LoadedLibrary& library() {
  static const batchite::LoadedLibrary archive("libarchive.so.13");
  return archive;
}

}  // namespace

BATCHITE_LOADED(archive*, archive_read_new, (), ())
BATCHITE_LOADED(int, archive_read_free, (archive * reader), (reader))
BATCHITE_LOADED(int, archive_read_support_format_zip_seekable, (archive * reader), (reader))
BATCHITE_LOADED(int, archive_read_set_read_callback, (archive * reader, archive_read_callback* call), (reader, call))
BATCHITE_LOADED(int, archive_read_set_seek_callback, (archive * reader, archive_seek_callback* call), (reader, call))
BATCHITE_LOADED(int, archive_read_set_callback_data, (archive * reader, void* data), (reader, data))
BATCHITE_LOADED(int, archive_read_open1, (archive * reader), (reader))
BATCHITE_LOADED(int, archive_read_next_header, (archive * reader, archive_entry** entry), (reader, entry))
BATCHITE_LOADED(int, archive_read_data_block, (archive * reader, const void** bytes, size_t* size, la_int64_t* offset),
                (reader, bytes, size, offset))
BATCHITE_LOADED(const char*, archive_error_string, (archive * reader), (reader))
BATCHITE_LOADED(const char*, archive_entry_pathname, (archive_entry * entry), (entry))
BATCHITE_LOADED(const char*, archive_entry_pathname_utf8, (archive_entry * entry), (entry))
BATCHITE_LOADED(const char*, archive_entry_symlink, (archive_entry * entry), (entry))
BATCHITE_LOADED(const char*, archive_entry_symlink_utf8, (archive_entry * entry), (entry))
BATCHITE_LOADED(mode_t, archive_entry_filetype, (archive_entry * entry), (entry))
BATCHITE_LOADED(mode_t, archive_entry_perm, (archive_entry * entry), (entry))
BATCHITE_LOADED(int, archive_entry_mtime_is_set, (archive_entry * entry), (entry))
BATCHITE_LOADED(time_t, archive_entry_mtime, (archive_entry * entry), (entry))
BATCHITE_LOADED(long, archive_entry_mtime_nsec, (archive_entry * entry), (entry))
