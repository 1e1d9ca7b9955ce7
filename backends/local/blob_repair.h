// What a blob store mends: an index that SQLite cannot read any more, entries of it that make no sense, and blocks that
// nobody has come back for. Nothing is thrown away that could be of use: it is set aside and named on stderr.
#pragma once
#include <set>
#include <string>

#include "backends/local/blob_index.h"
#include "core/base/time.h"

namespace batchite {

// The index of the store at `root`. One that is damaged goes to a folder beside it, with the snapshots, which only it
// could name, and a new one is begun; the blobs themselves are found again by their files.
BlobIndex open_index(const std::string& root, Durability durability);

// Keeps what could not be read of an entry in `damaged.txt` beside the index. `what` names it:
// "account/container/blob".
void set_aside_damaged_entry(const std::string& root, const std::string& what, const std::string& text);

// Forgets the blocks of uploads whose latest block is a week old, as the service does. Answers the files of the others.
// Source: learn.microsoft.com/rest/api/storageservices/put-block, "Remarks".
std::set<std::string> drop_abandoned_uploads(BlobIndex& index, const BlobFiles& files, Time now);

}  // namespace batchite
