// Files to the storage account before a run and from it afterwards, and what templates ask of the account.
// Containers that a run makes carry metadata naming the run, so that a later one can tell leftovers from a person's
// own. Throws what the backend and Files throw, with the file's name. Several files at once where the backend's manners
// ask for it; they are told of in order. When the run is cancelled, a file that is on its way ends with an Error. One
// thread.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"
#include "core/workflow/storage.h"

namespace batchite::workflow {

inline constexpr std::string_view kRunMark = "batchite_run";  // name of metadata on containers, pools and jobs

// The service's errors tell what went wrong, not with which of the files.
template <class Work>
void naming(const char* kind, const std::string& name, Work work) {
  try {
    work();
  } catch (const Error& error) {
    std::vector<ErrorValue> values = error.values();
    values.push_back({kind, name});
    throw Error(error.status(), error.code(), error.message(), std::move(values));
  }
}

struct Input {
  std::string container;
  std::string pattern;
};

// The storage account as a run uses it: remembers what it made and what was there before.
class RunStorage : public Storage {
 public:
  // `mark`: metadata of the containers made.
  RunStorage(Backend& backend, Pace& pace, Observer& observer, Parameters mark);

  std::vector<BlobItem> list(const std::string& container, const std::string& prefix) override;
  std::vector<BlobItem> list_url(const std::string& container_url, const std::string& prefix) override;
  std::string container_url(const std::string& container, Access access) override;
  std::string blob_url(const std::string& container, const std::string& blob) override;
  // Tells CreateContainer when it makes one.
  void ensure_container(const std::string& container) override;

  void upload(const Input& input, Files& files);
  // What the containers written to hold now that was not there before and was not uploaded; by container.
  std::map<std::string, std::vector<StoredBlob>> outputs();
  // Everything the containers written to hold.
  std::map<std::string, std::vector<StoredBlob>> written();
  // Saves the outputs; false: it was cancelled before it had them all. Warns of names that no file can have.
  bool download(Files& files);

  // The containers made for outputs stop being this run's: they stay, and no run takes them for leftovers.
  std::vector<std::string> keep_written();

  Containers& containers() { return containers_; }
  // Made by this run, in that order.
  const std::vector<std::string>& made() const { return made_; }
  // A container that tasks write to, of which the expansion made no address itself.
  void note_written(const std::string& container);

 private:
  Containers containers_;
  Pace& pace_;
  Observer& observer_;
  Parameters mark_;
  std::vector<std::string> made_;
  std::set<std::string> known_;                                       // made or found
  std::map<std::string, std::map<std::string, std::string>> before_;  // of containers found: ETag by blob
  std::set<std::string> written_;
};

}  // namespace batchite::workflow
