#include "cli/open_azure.h"

#include "backends/azure/azure_backend.h"
#include "backends/azure/proxy.h"
#include "backends/azure/recorder.h"
#include "backends/azure/settings.h"
#include "cli/node_commands.h"
#include "cli/program.h"

namespace batchite::cli {
namespace {

// A secret comes from a variable or a file, for arguments are shown to everybody on the machine.
std::string secret(const Surroundings& surroundings, const char* variable, const std::string& file) {
  if (const auto value = surroundings.environment(variable); value && !value->empty()) return *value;
  if (file.empty()) return "";
  std::string text = read_text(file, surroundings.in);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

AzureSettings settings_of(const Globals& globals, const Surroundings& surroundings) {
  const RemoteFlags& flags = globals.remote;
  return {.batch_endpoint = flags.batch_endpoint,
          .batch_account = flags.batch_account,
          .batch_key = secret(surroundings, "AZURE_BATCH_ACCESS_KEY", flags.batch_key_file),
          .storage_endpoint = flags.storage_endpoint,
          .storage_account = flags.storage_account,
          .storage_key = secret(surroundings, "AZURE_STORAGE_KEY", flags.storage_key_file),
          .storage_suffix = flags.storage_suffix,
          .connection_string = secret(surroundings, "AZURE_STORAGE_CONNECTION_STRING", "")};
}

AzureSettings emulator_settings(const Globals& globals, const Surroundings& surroundings) {
  AzureSettings settings = settings_of(globals, surroundings);
  if (globals.remote.ready_file.empty()) return settings;
  const Addresses found = read_ready_file(globals.remote.ready_file);
  settings.batch_endpoint = found.batch_url;
  if (settings.storage_account.empty()) settings.storage_account = std::string(kStorageAccount);
  settings.storage_endpoint = found.blob_url + "/" + settings.storage_account;
  return settings;
}

AzureAccounts accounts_of(const Globals& globals, const Surroundings& surroundings) {
  return globals.backend == "emulator" ? emulator_accounts(emulator_settings(globals, surroundings))
                                       : azure_accounts(settings_of(globals, surroundings));
}

std::string key_source(const Surroundings& surroundings, const char* variable, const std::string& file,
                       const std::string& otherwise) {
  if (const auto value = surroundings.environment(variable); value && !value->empty()) return variable;
  return file.empty() ? otherwise : file;
}

}  // namespace

OpenBackend open_remote(const Globals& globals, const Serving& serving, const Surroundings& surroundings) {
  if (serving.preemptions.every > Ticks::zero()) {
    throw UsageError("--preempt-every: nodes are taken away by plan on the local backend only");
  }
  const AzureAccounts accounts = accounts_of(globals, surroundings);
  AzureOptions options{.batch = accounts.batch, .storage = accounts.storage};
  options.http.ca_file = globals.remote.ca_file;
  if (globals.backend == "azure") options.manners = kCloudManners;
  if (!globals.remote.record.empty()) {
    options.transport = azure::record(std::make_shared<HttpClient>(options.http),
                                      {.folder = globals.remote.record,
                                       .batch_endpoint = accounts.batch.endpoint,
                                       .storage_endpoint = accounts.storage.endpoint,
                                       .batch_account = accounts.batch.name,
                                       .storage_account = accounts.storage.name,
                                       .secrets = {accounts.batch.key, accounts.storage.key}},
                                      [&err = surroundings.err](const std::string& text) {
                                        err << "batchite: warning: --record: " + text + "\n" << std::flush;
                                      });
  }
  return {.backend = open_azure_backend(options)};
}

std::unique_ptr<Backend> open_proxy(Backend& remote, const Globals& globals, const Surroundings& surroundings,
                                    const Serving& serving) {
  const AzureAccounts accounts = accounts_of(globals, surroundings);
  if (accounts.batch.endpoint == serving.batch_url) {
    throw UsageError("start --backend " + globals.backend + " would serve itself: " + serving.batch_url +
                     " is its own address; name the other service with --batch-endpoint and --storage-endpoint");
  }
  return make_proxy(remote, {.batch_endpoint = accounts.batch.endpoint,
                             .storage_endpoint = accounts.storage.endpoint,
                             .own_account = serving.storage_accounts.front().name});
}

RemoteAccounts remote_accounts(const Globals& globals, const Surroundings& surroundings) {
  const RemoteFlags& flags = globals.remote;
  const bool is_emulator = globals.backend == "emulator";
  const std::string well_known = is_emulator ? "the emulators' well-known one" : "";
  const auto connection = surroundings.environment("AZURE_STORAGE_CONNECTION_STRING");
  return {.accounts = accounts_of(globals, surroundings),
          .batch_key_from = key_source(surroundings, "AZURE_BATCH_ACCESS_KEY", flags.batch_key_file, well_known),
          .storage_key_from = key_source(surroundings, "AZURE_STORAGE_KEY", flags.storage_key_file,
                                         connection ? "AZURE_STORAGE_CONNECTION_STRING" : well_known)};
}

}  // namespace batchite::cli
