// What the command line touches of the world around it, so that tests can give it another one; and what every command
// is told. Errors: UsageError and Error, caught in one place (app.cc).
#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "core/accounts.h"
#include "core/backend.h"
#include "core/scheduler/settings.h"

namespace batchite::cli {

enum class Format { Table, Json, JsonLines, Tsv };

// Where the azure and emulator backends work; secrets are not among flags.
struct RemoteFlags {
  std::string batch_endpoint = {}, batch_account = {}, batch_key_file = {};
  std::string storage_endpoint = {}, storage_account = {}, storage_key_file = {}, storage_suffix = {};
  std::string subscription_id = {}, resource_manager = {};
  std::string authority_host = {}, tenant_id = {}, client_id = {}, client_secret_file = {};
  std::string client_certificate = {}, federated_token_file = {};
  std::string ca_file = {};
  std::string ready_file = {};
  std::string record = {};  // folder for what is said on the wire; empty: it is not recorded
};

// Flags that every command takes.
struct Globals {
  std::string backend = "local";
  std::string location = {};  // empty: the user's data directory
  bool ephemeral = false;
  std::string isolation = "auto";
  std::string host_packages = "shim";
  RemoteFlags remote = {};
  Format format = Format::Table;
  bool quiet = false;
  bool no_color = false;
};

struct OpenBackend {
  std::unique_ptr<Backend> backend;
  std::vector<std::string> warnings = {};
};

// What a backend is told when it is served to others.
struct Serving {
  std::string batch_account = std::string(kBatchAccount);
  std::string batch_url = "http://127.0.0.1:10010";
  std::string blob_url = "http://127.0.0.1:10000";
  std::string metadata_url = {};  // base of the nodes' metadata service; empty: there is none
  std::vector<BlobAccount> storage_accounts = default_storage_accounts();
  bool copies_from_elsewhere = true;  // blobs from any http(s) URL
  Ticks allocation_delay{};
  Ticks node_start_delay{};
  PreemptionPlan preemptions = {};
  std::string token_secret = {};  // what tokens of tasks are signed with; empty: nobody could be called with one
};

struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool in_is_terminal = false;
  // Called before the program has any thread.
  std::function<OpenBackend(const Globals&, const Serving&)> open_backend = nullptr;
  std::function<std::optional<std::string>(const std::string& name)> environment = nullptr;
};

// Exit codes of every command.
enum ExitCode : int {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kFailed = 3,  // a task or the workflow
  kNotFound = 4,
  kTimedOut = 5,
  kRefused = 6,  // authentication, or the backend
  kCapacity = 7,
  kSignal = 128,  // and the signal's number
};

// The whole program but for the launcher's hidden verb. Returns the exit code.
int run_program(int argc, const char* const* argv, const Surroundings& surroundings);

// The user's data directory: $XDG_DATA_HOME/batchite or ~/.local/share/batchite.
std::string default_location(const Surroundings& surroundings);

}  // namespace batchite::cli
