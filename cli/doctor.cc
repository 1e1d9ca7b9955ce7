// `doctor`: what this machine can do for Batchite. `version`.
#include <curl/curlver.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <sstream>

#include "backends/local/isolation.h"
#include "cli/commands.h"
#include "cli/open_azure.h"

#ifndef BATCHITE_VERSION
#define BATCHITE_VERSION "0.1.0"
#endif

namespace batchite::cli {
namespace {

namespace fs = std::filesystem;

constexpr Column kChecks[] = {{"CHECK", "check"}, {"OK", "ok"}, {"DETAIL", "detail"}, {"CURE", "cure"}};

struct Check {
  std::string name;
  bool is_ok = false;
  std::string detail = {};
  std::string cure = {};
};

std::vector<Check> check_isolation() {
  std::vector<Check> checks;
  for (const ProbeStep& step : probe_isolation()) {
    std::string detail = step.detail;
    if (step.error != 0) detail += (detail.empty() ? "" : ": ") + std::string(strerror(step.error));
    checks.push_back({"isolation " + step.name, step.ok, detail, step.cure});
  }
  return checks;
}

Check check_kernel() {
  utsname name = {};
  uname(&name);
  return {"kernel", true, fmt::format("{} {} {}", name.sysname, name.release, name.machine)};
}

Check check_location(const Program& program) {
  const std::string place =
      program.globals().location.empty() ? default_location(program.around()) : program.globals().location;
  fs::path there = place;
  std::error_code error;
  while (!fs::exists(there, error) && there.has_parent_path() && there != there.parent_path())
    there = there.parent_path();
  std::string trial = (there / "batchite-doctor-XXXXXX").string();  // done, because permissions do not tell all
  const bool is_ok = mkdtemp(trial.data()) != nullptr;
  if (is_ok) rmdir(trial.c_str());
  const fs::space_info space = fs::space(there.empty() ? "." : there, error);
  std::string detail = place;
  if (!error) detail += fmt::format(", {:.1f} GiB free", static_cast<double>(space.available) / (1ULL << 30));
  return {"data directory", is_ok, detail, is_ok ? "" : "choose another one with --location DIR"};
}

Check check_program(const Program& program, const std::string& name, const std::string& cure) {
  std::istringstream path(program.around().environment("PATH").value_or(""));
  for (std::string folder; std::getline(path, folder, ':');) {
    const std::string file = fmt::format("{}/{}", folder, name);
    if (access(file.c_str(), X_OK) == 0) return {name, true, file};
  }
  return {name, false, "not on PATH", cure};
}

std::vector<Check> check_libraries() {
  return {{"sqlite", true, sqlite3_libversion()},
          {"openssl", true, OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"curl", true, LIBCURL_VERSION}};
}

// One request to a service, the cheapest there is. `proof`: "key from FILE".
Check check_account(const std::string& name, const AzureAccount& account, const std::string& proof,
                    const std::function<void()>& ask) {
  if (account.endpoint.empty()) return {name, false, "none is given", "see `batchite --help`, Azure"};
  Check check{name, true, fmt::format("{}, account {}, {}", account.endpoint, account.name, proof)};
  try {
    ask();
  } catch (const Error& error) {
    check.is_ok = false;
    check.detail += fmt::format(": {}", error.what());
    if (error.status() == 401) check.cure = "check the account's name and the key or token";
    if (error.status() == 403) check.cure = "check the account's name and key, or the roles of who has the token";
    if (check.cure.empty()) check.cure = "check the URL, the proxy (HTTPS_PROXY) and --ca-file";
  } catch (const UsageError& error) {
    check.is_ok = false;
    check.detail += fmt::format(": {}", error.what());
  }
  return check;
}

std::string proof_of(const AzureAccount& account, const std::string& key_from) {
  if (!key_from.empty()) return "key from " + key_from;
  return account.sas.empty() ? "token of Entra ID" : "a shared access signature";
}

// Each kind of credential that was tried, up to the one that gives tokens.
std::vector<Check> check_entra(const AzureOptions& options) {
  const auto needs = [](const AzureAccount& one) {
    return !one.endpoint.empty() && one.key.empty() && one.sas.empty();
  };
  if (!needs(options.batch) && !needs(options.storage)) return {};
  const auto tokens = open_tokens(options);
  std::string wrong;
  try {
    tokens->get(needs(options.batch) ? options.batch.resource : options.storage.resource);
  } catch (const std::exception& error) {
    wrong = error.what();
  }
  std::vector<Check> checks;
  for (const auto& [name, why] : tokens->passed_over())
    checks.push_back({"token by " + name, true, "not used: " + why});
  if (wrong.empty()) {
    checks.push_back({"token by " + tokens->used(), true, "used, from " + options.entra.authority});
  } else {
    checks.push_back({"token", false, wrong, "see docs/azure.md, Credentials"});
  }
  return checks;
}

// Whether `run` can tell a size that there is not before it makes a pool. It works without.
Check check_sizes(Backend& backend, const AzureManagement& management) {
  const VmSizes sizes = backend.vm_sizes();
  if (sizes.names.empty()) {
    return {"vm sizes", true, "unchecked: " + sizes.unknown_because, "see docs/azure.md, Sizes of machines"};
  }
  return {"vm sizes", true,
          fmt::format("{} in {}, from {}", sizes.names.size(), management.location, management.endpoint)};
}

std::vector<Check> check_remote(Program& program) {
  const RemoteAccounts remote = remote_accounts(program.globals(), program.around());
  const AzureAccount &batch = remote.options.batch, &storage = remote.options.storage;
  Backend& backend = program.backend();
  std::vector<Check> checks = check_entra(remote.options);
  checks.push_back(check_account("batch", batch, proof_of(batch, remote.batch_key_from), [&] {
    backend.call(
        {.operation = *contract::find_operation("Pool_List"), .query = {{"maxresults", "1"}, {"$select", "id"}}});
  }));
  checks.push_back(check_account("storage", storage, proof_of(storage, remote.storage_key_from), [&] {
    backend.blob({.operation = BlobOperation::ListContainers,
                  .account = backend.storage_account(),
                  .query = {{"maxresults", "1"}}});
  }));
  if (program.globals().backend == "azure") checks.push_back(check_sizes(backend, remote.options.management));
  return checks;
}

int show(Program& program, const std::vector<Check>& checks) {
  std::vector<Document> rows;
  rows.reserve(checks.size());
  for (const Check& check : checks) {
    rows.push_back(
        {{"check", check.name}, {"ok", check.is_ok ? "ok" : "no"}, {"detail", check.detail}, {"cure", check.cure}});
  }
  program.printer().list(rows, kChecks);
  return std::ranges::all_of(checks, &Check::is_ok) ? kOk : kRefused;
}

int examine(Program& program) {
  if (!program.is_embedded()) return show(program, check_remote(program));
  std::vector<Check> checks = check_isolation();  // forks, so before anything that starts a thread
  const Check location = check_location(program);
  checks.insert(checks.begin(), {{"batchite", true, BATCHITE_VERSION}, check_kernel(), location});
  checks.push_back(check_program(program, "bash", "apt-get install bash"));
  checks.push_back(check_program(program, "ffmpeg", "apt-get install ffmpeg (only the ffmpeg templates need it)"));
  for (Check& check : check_libraries()) checks.push_back(std::move(check));
  show(program, checks);
  return location.is_ok ? kOk : kRefused;
}

}  // namespace

void declare_doctor(Program& program) {
  CLI::App* doctor = program.add(program.app(), "doctor", "What this machine can do, and what it lacks");
  program.on_chosen(doctor, [&program] { return examine(program); });
  CLI::App* version = program.add(program.app(), "version", "The version");
  program.on_chosen(version, [&program] {
    if (program.globals().format == Format::Table) {
      program.around().out << "batchite " BATCHITE_VERSION << '\n';
    } else {
      program.printer().one({{"version", BATCHITE_VERSION}});
    }
    return kOk;
  });
}

}  // namespace batchite::cli
