// The local backend: Azure Batch on this machine. Tasks are processes on emulated nodes, blobs are files, state is
// SQLite, all below one data directory. Embedded by `batchite run`, served by `batchite start`.
//
// Opening takes the directory's lock (a second opener gets UsageError naming the holder's pid), recovers what a crash
// left, and starts the launcher: REQUIRES that the process has no other threads yet. Closing (the destructor) ends
// every task process and waits for that.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backends/system/real.h"
#include "core/accounts.h"
#include "core/backend.h"
#include "core/scheduler/settings.h"

namespace batchite {

struct LocalOptions {
  std::filesystem::path location = {};  // made if missing
  bool ephemeral = false;               // the directory is removed on close
  std::string isolation = "auto";       // auto | process | landlock | overlay
  std::string host_packages = "shim";   // shim | allow | deny
  std::filesystem::path launcher = {};  // the program that answers `__launcher`; empty: this one
  std::string batch_account = "devbatchaccount";
  std::string batch_url = "http://127.0.0.1:10010";  // shown to tasks and in documents
  std::string blob_url = "http://127.0.0.1:10000";   // the base of blob URLs; nobody needs to listen there
  std::string metadata_url = {};                     // base of the nodes' metadata service; empty: there is none
  std::vector<BlobAccount> storage_accounts = default_storage_accounts();  // the first is linked to the Batch account
  bool copies_from_elsewhere = true;                                       // blobs may be copied from any http(s) URL
  Ticks allocation_delay{};
  Ticks node_start_delay{};
  PreemptionPlan preemptions = {};
  std::string token_secret = {};  // signs the tokens of tasks; empty: tasks that ask for one are refused
  Clock clock = clock_now;
};

// Throws UsageError (the directory is held, isolation cannot be had, a newer schema …).
std::unique_ptr<Backend> open_local_backend(const LocalOptions& options);

// Warnings worth one line to a person ("running tasks at level 'process': …"); known after opening.
const std::vector<std::string>& warnings(const Backend& local);

}  // namespace batchite
