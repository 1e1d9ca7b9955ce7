// `start`: the emulator, until a signal. `env`: the variables that SDKs read to find it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/node_commands.h"
#include "cli/open_azure.h"
#include "cli/own_emulator.h"
#include "cli/template_files.h"
#include "core/accounts.h"
#include "core/base/encoding.h"
#include "emulator/http/tls.h"

namespace batchite::cli {
namespace {

namespace fs = std::filesystem;

struct StartFlags {
  std::string host = "127.0.0.1";
  unsigned short batch_port = 10010, blob_port = 10000;
  std::string account = std::string(kBatchAccount), key;
  std::string auth = "lenient";
  std::string certificate, private_key;
  bool tls = false;
  bool strict_version = false;
  std::string ready_file;
  int ready_fd = -1;
  std::string allocation_delay, node_start_delay;
  PreemptionFlags preemptions;
  std::string accounts;
  std::string copy_sources = "any";
  int container_retention = 0;  // days
  // Azurite's, which have nothing to say here.
  std::string oauth, unserved_port, unserved_host;
  bool ignored = false;
};

struct EnvFlags {
  std::string ready_file;
  std::string batch_url = "http://127.0.0.1:10010", blob_url = "http://127.0.0.1:10000";
  std::string account = std::string(kBatchAccount), key;
  std::string accounts;
};

batch::AuthMode parse_auth(const std::string& text) {
  if (text == "strict") return batch::AuthMode::Strict;
  return text == "off" ? batch::AuthMode::Off : batch::AuthMode::Lenient;
}

// A key that cannot be one is told at once, not at the first request.
std::string checked_key(const std::string& key) {
  if (key.empty()) return std::string(kBatchKey);
  if (!base64_decode(key)) throw UsageError("--batch-key: an account key is Base64 text");
  return key;
}

// --accounts, or what Azurite reads them from.
std::vector<BlobAccount> accounts_of(const Program& program, const std::string& flag) {
  if (!flag.empty()) return parse_storage_accounts(flag);
  const auto variable = program.around().environment("AZURITE_ACCOUNTS");
  return variable && !variable->empty() ? parse_storage_accounts(*variable) : default_storage_accounts();
}

std::shared_ptr<const http::TlsContext> open_tls(const Program& program, const StartFlags& flags) {
  if (flags.certificate.empty() != flags.private_key.empty()) throw UsageError("--cert and --key belong together");
  if (!flags.certificate.empty()) return http::load_tls({flags.certificate, flags.private_key});
  if (!flags.tls) return nullptr;
  const Globals& globals = program.globals();
  const fs::path location =
      globals.location.empty() || globals.ephemeral ? default_location(program.around()) : globals.location;
  const http::GeneratedTls made = http::generate_tls(location / "tls");
  program.note("HTTPS on the same ports; clients trust it by " + made.authority.string());
  return http::load_tls(made.files);
}

EmulatorOptions options_of(const Program& program, const StartFlags& flags) {
  EmulatorOptions options = own_emulator(program);
  options.host = flags.host;
  options.batch_port = flags.batch_port;
  options.blob_port = flags.blob_port;
  options.tls = open_tls(program, flags);
  options.account = {flags.account, {checked_key(flags.key)}};
  options.storage_accounts = accounts_of(program, flags.accounts);
  for (BlobAccount& account : options.storage_accounts)
    account.keeps_containers = std::chrono::days(flags.container_retention);
  options.auth = parse_auth(flags.auth);
  options.strict_version = flags.strict_version;
  options.info = {{"name", "batchite"}, {"pid", getpid()}, {"location", program.globals().location}};
  return options;
}

// Appears whole: whoever waits for the file finds the line in it.
void write_ready_file(const std::string& path, const std::string& line) {
  const std::string aside = path + ".new";
  std::ofstream file(aside, std::ios::binary);
  file << line << '\n';
  file.close();
  std::error_code error;
  fs::rename(aside, path, error);
  if (!file || error) throw UsageError("--ready-file " + path + " cannot be written");
}

void announce(const Program& program, const StartFlags& flags, const std::string& line) {
  if (!flags.ready_file.empty()) write_ready_file(flags.ready_file, line);
  if (flags.ready_fd >= 0) {
    const std::string text = line + "\n";
    if (::write(flags.ready_fd, text.data(), text.size()) < 0) throw UsageError("--ready-fd cannot be written to");
    ::close(flags.ready_fd);
  }
  program.around().out << line << '\n' << std::flush;  // last: who reads it may rely on the others
}

int start(Program& program, const StartFlags& flags) {
  const EmulatorOptions options = options_of(program, flags);
  InterruptiblePace signals;
  Emulator emulator(options);
  if (!flags.unserved_port.empty() || !flags.unserved_host.empty()) {
    program.warn("queues and tables are not served, so flags about them have no effect");
  }
  Serving serving = serving_of(emulator, options);
  serving.allocation_delay = parse_delay(flags.allocation_delay, "--allocation-delay");
  serving.node_start_delay = parse_delay(flags.node_start_delay, "--node-start-delay");
  serving.preemptions = preemptions_of(flags.preemptions);
  serving.copies_from_elsewhere = flags.copy_sources == "any";
  Backend& backend = program.backend(serving);
  const std::unique_ptr<Backend> proxy =
      program.is_embedded() ? nullptr : open_proxy(backend, program.globals(), program.around(), serving);
  emulator.serve(proxy ? *proxy : backend);
  announce(program, flags,
           fmt::format("batchite ready batch={} blob={} pid={}", emulator.batch_url(), emulator.blob_url(), getpid()));
  while (!signals.cancelled()) signals.pause(std::chrono::hours(1));
  emulator.stop();
  program.close_backend();
  if (!flags.ready_file.empty()) ::unlink(flags.ready_file.c_str());
  return kOk;
}

int print_environment(const Program& program, EnvFlags flags) {
  if (!flags.ready_file.empty()) {
    const Addresses found = read_ready_file(flags.ready_file);
    flags.batch_url = found.batch_url;
    flags.blob_url = found.blob_url;
  }
  const BlobAccount storage = accounts_of(program, flags.accounts).front();
  const std::string& storage_key = storage.keys.front();
  const std::pair<const char*, std::string> variables[] = {
      {"AZURE_BATCH_ACCOUNT", flags.account},
      {"AZURE_BATCH_ACCESS_KEY", checked_key(flags.key)},
      {"AZURE_BATCH_ENDPOINT", flags.batch_url},
      {"AZURE_STORAGE_ACCOUNT", storage.name},
      {"AZURE_STORAGE_KEY", storage_key},
      {"AZURE_STORAGE_CONNECTION_STRING",
       fmt::format("DefaultEndpointsProtocol={};AccountName={};AccountKey={};BlobEndpoint={}/{};",
                   flags.blob_url.substr(0, flags.blob_url.find(':')), storage.name, storage_key, flags.blob_url,
                   storage.name)},
  };
  for (const auto& [name, value] : variables) program.around().out << fmt::format("export {}='{}'\n", name, value);
  return kOk;
}

// So that what starts Azurite starts this, too: every version of the API is taken, tokens as with `--oauth basic`.
void declare_azurite_flags(CLI::App& command, StartFlags& flags) {
  constexpr std::string_view kGroup = "Azurite's";
  command.add_option("--oauth", flags.oauth, "Bearer tokens are looked at as Azurite does")
      ->check(CLI::IsMember({"basic"}))
      ->type_name("basic")
      ->group(std::string(kGroup));
  for (const char* name : {"--skipApiVersionCheck", "-L,--loose", "--disableTelemetry"}) {
    command.add_flag(name, flags.ignored, "Has no effect: it is always so")->group(std::string(kGroup));
  }
  for (const char* name : {"--queuePort", "--tablePort"}) {
    command.add_option(name, flags.unserved_port, "Has no effect: not served")->group(std::string(kGroup));
  }
  for (const char* name : {"--queueHost", "--tableHost"}) {
    command.add_option(name, flags.unserved_host, "Has no effect: not served")->group(std::string(kGroup));
  }
}

}  // namespace

void declare_start(Program& program) {
  CLI::App* start_command = program.add(program.app(), "start", "Serve the Batch and Blob REST APIs on this machine");
  auto flags = std::make_shared<StartFlags>();
  start_command->add_option("--host,--blobHost", flags->host, "A loopback address")->type_name("ADDRESS");
  start_command->add_option("--batch-port", flags->batch_port, "Port of the Batch API; 0: any free one")
      ->type_name("N")
      ->capture_default_str();
  start_command->add_option("--blob-port,--blobPort", flags->blob_port, "Port of the Blob API; 0: any free one")
      ->type_name("N")
      ->capture_default_str();
  start_command->add_option("--batch-account", flags->account, "Name of the Batch account")->type_name("NAME");
  start_command->add_option("--batch-key", flags->key, "Its key, better given as BATCHITE_BATCH_KEY")
      ->type_name("BASE64");
  start_command
      ->add_option("--auth", flags->auth, "Bearer tokens: only this emulator's, any in form, or no checks at all")
      ->check(CLI::IsMember({"strict", "lenient", "off"}))
      ->type_name("strict|lenient|off");
  start_command->add_flag("--tls", flags->tls, "HTTPS as well, with a certificate made for this machine");
  start_command->add_option("--cert", flags->certificate, "HTTPS as well, with this certificate (PEM)")
      ->type_name("FILE");
  start_command->add_option("--key", flags->private_key, "The certificate's private key (PEM)")->type_name("FILE");
  start_command->add_flag("--strict-version", flags->strict_version, "Refuse api-versions that are not known");
  start_command->add_option("--ready-file", flags->ready_file, "Written when requests are answered; removed at the end")
      ->type_name("FILE");
  start_command->add_option("--ready-fd", flags->ready_fd, "Likewise, a file descriptor")->type_name("N");
  start_command->add_option("--allocation-delay", flags->allocation_delay, "How long a resize takes")
      ->type_name("DURATION");
  start_command->add_option("--node-start-delay", flags->node_start_delay, "How long a node takes to boot")
      ->type_name("DURATION");
  declare_preemptions(*start_command, flags->preemptions);
  start_command
      ->add_option("--accounts", flags->accounts,
                   "Storage accounts, as name:key1:key2;name2:key1, better given as BATCHITE_ACCOUNTS")
      ->type_name("ACCOUNTS");
  start_command
      ->add_option("--copy-sources", flags->copy_sources, "What blobs are copied from: any URL, or own blobs only")
      ->check(CLI::IsMember({"any", "own"}))
      ->type_name("any|own")
      ->capture_default_str();
  start_command
      ->add_option("--container-retention", flags->container_retention,
                   "How long deleted containers can be restored (1 to 365)")
      ->check(CLI::Range(0, 365))
      ->type_name("DAYS");
  declare_azurite_flags(*start_command, *flags);
  program.on_chosen(start_command, [&program, flags] { return start(program, *flags); });

  CLI::App* env = program.add(program.app(), "env", "Print the variables by which SDKs and az find the emulator");
  auto env_flags = std::make_shared<EnvFlags>();
  env->add_option("--ready-file", env_flags->ready_file, "What `start --ready-file` wrote: where the APIs are")
      ->type_name("FILE");
  env->add_option("--batch-url", env_flags->batch_url, "Where the Batch API is")
      ->type_name("URL")
      ->capture_default_str();
  env->add_option("--blob-url", env_flags->blob_url, "Where the Blob API is")->type_name("URL")->capture_default_str();
  env->add_option("--batch-account", env_flags->account, "Name of the Batch account")->type_name("NAME");
  env->add_option("--batch-key", env_flags->key, "Its key")->type_name("BASE64");
  env->add_option("--accounts", env_flags->accounts, "What `start --accounts` was given; the first is shown")
      ->type_name("ACCOUNTS");
  program.on_chosen(env, [&program, env_flags] { return print_environment(program, *env_flags); });
}

}  // namespace batchite::cli
