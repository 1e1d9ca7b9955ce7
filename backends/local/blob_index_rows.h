// What the blob index holds, a struct a row. Sizes are bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/local/blob_files.h"
#include "core/blob/blob_store.h"

namespace batchite {

struct IndexedContainer {
  std::int64_t id = 0;
  ContainerEntry entry = {};
  std::string damage = {};  // texts of its row that make no sense; the entry lacks what they said
};

struct IndexedBlob {
  BlobEntry entry;
  std::string path = {};  // below the container's folder; a snapshot's below the root
  FileMark mark = {};
  std::string damage = {};  // as of a container
};

struct IndexedBlock {
  Block block;
  std::string path;                      // staged file
  std::optional<std::uint64_t> at = {};  // in that file, which has others too; nullopt: it has the file for itself
};

struct IndexedUpload {
  std::int64_t container = 0;
  std::string blob;
  std::vector<std::string> paths;  // of its staged files
};

// Where the bytes of a staged file are to be written into another, and how many zeros.
struct PatchNote {
  std::uint64_t offset = 0;
  std::uint64_t zeros = 0;
};

// A move to be repeated at the next start if it has not happened: `from` is still what `mark` says then (an inode's
// number alone may be another file's by now). Paths are relative to the root; an empty `to` means removal. With a
// patch, `from` is written into `to`, which then looks as `mark` says; it is removed when that is done.
struct Move {
  std::string from;
  std::string to;
  FileMark mark;
  std::optional<PatchNote> patch = {};
};

}  // namespace batchite
