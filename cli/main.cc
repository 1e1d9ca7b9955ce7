#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <iostream>
#include <string_view>

#include "backends/local/launcher.h"
#include "backends/local/local_backend.h"
#include "cli/open_azure.h"
#include "cli/surroundings.h"

namespace {

using namespace batchite;

cli::OpenBackend open_backend(const cli::Globals& globals, const cli::Serving& serving,
                              const cli::Surroundings& surroundings) {
  if (globals.backend != "local") return cli::open_remote(globals, serving, surroundings);
  LocalOptions options;
  options.batch_account = serving.batch_account;
  options.batch_url = serving.batch_url;
  options.blob_url = serving.blob_url;
  options.metadata_url = serving.metadata_url;
  options.storage_accounts = serving.storage_accounts;
  options.copies_from_elsewhere = serving.copies_from_elsewhere;
  options.preemptions = serving.preemptions;
  options.token_secret = serving.token_secret;
  options.allocation_delay = serving.allocation_delay;
  options.node_start_delay = serving.node_start_delay;
  options.ephemeral = globals.ephemeral;
  options.isolation = globals.isolation;
  options.host_packages = globals.host_packages;
  // An ephemeral backend makes a directory of its own.
  if (!globals.ephemeral)
    options.location = globals.location.empty() ? cli::default_location(surroundings) : globals.location;
  cli::OpenBackend opened{.backend = open_local_backend(options)};
  opened.warnings = warnings(*opened.backend);
  return opened;
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == kLauncherVerb) return launcher_main(kLauncherSocket);
  signal(SIGPIPE, SIG_IGN);  // `batchite … | head` is no failure
  cli::Surroundings surroundings{.out = std::cout, .err = std::cerr, .in = std::cin};
  surroundings.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  surroundings.err_is_terminal = isatty(STDERR_FILENO) == 1;
  surroundings.in_is_terminal = isatty(STDIN_FILENO) == 1 && surroundings.err_is_terminal;
  surroundings.environment = environment;
  surroundings.open_backend = [&](const cli::Globals& globals, const cli::Serving& serving) {
    return open_backend(globals, serving, surroundings);
  };
  return cli::run_program(argc, argv, surroundings);
}
