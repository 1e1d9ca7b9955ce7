#include "cli/open_azure.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <istream>
#include <ostream>

#include "backends/azure/azure_backend.h"
#include "backends/azure/proxy.h"
#include "backends/azure/recorder.h"
#include "backends/azure/settings.h"
#include "cli/interrupt.h"
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

azure::EntraSettings entra_of(const RemoteFlags& flags, const Surroundings& surroundings) {
  const auto variable = [&](const char* name) { return surroundings.environment(name).value_or(""); };
  return {.authority = flags.authority_host,
          .tenant = flags.tenant_id,
          .client = flags.client_id,
          .client_secret = secret(surroundings, "AZURE_CLIENT_SECRET", flags.client_secret_file),
          .certificate = flags.client_certificate,
          .certificate_password = variable("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
          .token_file = flags.federated_token_file,
          .identity_endpoint = variable("IDENTITY_ENDPOINT"),
          .identity_header = variable("IDENTITY_HEADER"),
          .metadata_host = variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
          .path = variable("PATH")};
}

AzureSettings settings_of(const Globals& globals, const Surroundings& surroundings) {
  const RemoteFlags& flags = globals.remote;
  return {.batch_endpoint = flags.batch_endpoint,
          .batch_account = flags.batch_account,
          .batch_key = secret(surroundings, "AZURE_BATCH_ACCESS_KEY", flags.batch_key_file),
          .storage_endpoint = flags.storage_endpoint,
          .storage_account = flags.storage_account,
          .storage_key = secret(surroundings, "AZURE_STORAGE_KEY", flags.storage_key_file),
          .storage_sas = secret(surroundings, "AZURE_STORAGE_SAS_TOKEN", ""),
          .storage_suffix = flags.storage_suffix,
          .connection_string = secret(surroundings, "AZURE_STORAGE_CONNECTION_STRING", ""),
          .subscription = flags.subscription_id,
          .management_endpoint = flags.resource_manager,
          .entra = entra_of(flags, surroundings)};
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

AzureOptions options_of(const Globals& globals, const Surroundings& surroundings) {
  const AzureAccounts accounts = accounts_of(globals, surroundings);
  AzureOptions options{
      .batch = accounts.batch, .storage = accounts.storage, .management = accounts.management, .entra = accounts.entra};
  options.http.ca_file = globals.remote.ca_file;
  options.interrupt = interrupt();
  return options;
}

std::shared_ptr<Transport> recorded(const AzureOptions& options, const std::string& folder,
                                    const Surroundings& surroundings) {
  return azure::record(std::make_shared<HttpClient>(options.http),
                       {.folder = folder,
                        .batch_endpoint = options.batch.endpoint,
                        .storage_endpoint = options.storage.endpoint,
                        .batch_account = options.batch.name,
                        .storage_account = options.storage.name,
                        .secrets = {options.batch.key, options.storage.key, options.entra.client_secret,
                                    options.entra.certificate_password, options.entra.identity_header}},
                       [&err = surroundings.err](const std::string& text) {
                         err << "batchite: warning: --record: " + text + "\n" << std::flush;
                       });
}

// One line that nobody sees being typed.
std::string read_secret(const Surroundings& surroundings) {
  termios before{};
  const bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (is_terminal) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  std::getline(surroundings.in, line);
  if (is_terminal) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  surroundings.err << '\n';
  return line;
}

// Somebody sits there, and nothing says how to get a token but that this may be a machine of Azure.
void ask_for_keys(AzureOptions& options, const Surroundings& surroundings) {
  const azure::EntraSettings& entra = options.entra;
  const bool has_credential = !entra.client_secret.empty() || !entra.certificate.empty() || !entra.token_file.empty() ||
                              !entra.identity_endpoint.empty() || !find_program("az", entra.path).empty();
  if (has_credential || !surroundings.in_is_terminal || !surroundings.err_is_terminal) return;
  const auto ask = [&](AzureAccount& account, const char* service) {
    if (account.endpoint.empty() || !account.key.empty() || !account.sas.empty()) return;
    surroundings.err << fmt::format("Key of the {} account {} (none: a managed identity): ", service, account.name)
                     << std::flush;
    account.key = read_secret(surroundings);
  };
  ask(options.batch, "Batch");
  ask(options.storage, "storage");
}

}  // namespace

OpenBackend open_remote(const Globals& globals, const Serving& serving, const Surroundings& surroundings) {
  if (serving.preemptions.every > Ticks::zero()) {
    throw UsageError("--preempt-every: nodes are taken away by plan on the local backend only");
  }
  AzureOptions options = options_of(globals, surroundings);
  if (globals.backend == "azure") options.manners = kCloudManners;
  ask_for_keys(options, surroundings);
  if (!globals.remote.record.empty()) options.transport = recorded(options, globals.remote.record, surroundings);
  return {.backend = open_azure_backend(options)};
}

std::unique_ptr<Backend> open_proxy(Backend& remote, const Globals& globals, const Surroundings& surroundings,
                                    const Serving& serving) {
  const AzureAccounts accounts = accounts_of(globals, surroundings);
  if (accounts.batch.endpoint == serving.batch_url) {
    throw UsageError("start --backend " + globals.backend + " would serve itself: " + serving.batch_url +
                     " is its own address; name the other service with --batch-endpoint and --storage-endpoint");
  }
  if (serving.storage_accounts.size() > 1) {
    throw UsageError("start --backend " + globals.backend +
                     " serves one storage account, which stands for the remote one: name one with --accounts");
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
  RemoteAccounts remote{.options = options_of(globals, surroundings)};
  const AzureAccount &batch = remote.options.batch, &storage = remote.options.storage;
  if (!batch.key.empty()) {
    remote.batch_key_from = key_source(surroundings, "AZURE_BATCH_ACCESS_KEY", flags.batch_key_file, well_known);
  }
  if (!storage.key.empty()) {
    remote.storage_key_from = key_source(surroundings, "AZURE_STORAGE_KEY", flags.storage_key_file,
                                         connection ? "AZURE_STORAGE_CONNECTION_STRING" : well_known);
  }
  return remote;
}

}  // namespace batchite::cli
