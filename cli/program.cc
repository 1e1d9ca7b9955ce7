#include "cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/commands.h"
#include "cli/configuration.h"
#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

constexpr const char* kAbout =
    "Runs Azure Batch workloads on this machine.\n\n"
    "  batchite run POOL.json JOB.json --input 'GLOB' --output DIR\n"
    "  batchite run FOLDER -P NAME=VALUE\n"
    "  batchite COMMAND --help\n";

const std::map<std::string, Format> kFormats = {
    {"table", Format::Table}, {"json", Format::Json}, {"jsonl", Format::JsonLines}, {"tsv", Format::Tsv}};

constexpr const char* kBackends[] = {"local", "emulator", "azure"};

// What az, the SDKs and curl call the same thing; the program's own names win.
struct Alias {
  std::string_view flag;
  std::vector<std::string> variables;
};
const Alias kAliases[] = {
    {"batch-endpoint", {"AZURE_BATCH_ENDPOINT"}},
    {"batch-account", {"AZURE_BATCH_ACCOUNT"}},
    {"storage-account", {"AZURE_STORAGE_ACCOUNT"}},
    {"subscription-id", {"AZURE_SUBSCRIPTION_ID"}},
    {"authority-host", {"AZURE_AUTHORITY_HOST"}},
    {"tenant-id", {"AZURE_TENANT_ID"}},
    {"client-id", {"AZURE_CLIENT_ID"}},
    {"client-certificate", {"AZURE_CLIENT_CERTIFICATE_PATH"}},
    {"federated-token-file", {"AZURE_FEDERATED_TOKEN_FILE"}},
    {"ca-file", {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}},
};

void declare_remote(CLI::App& app, RemoteFlags& flags) {
  const auto add = [&app](const char* name, std::string& value, const char* about, const char* type) {
    app.add_option(name, value, about)->type_name(type)->group("Azure");
  };
  add("--batch-endpoint", flags.batch_endpoint, "The Batch account (or AZURE_BATCH_ENDPOINT)", "URL");
  add("--batch-account", flags.batch_account, "Its name, unless the URL begins with it", "NAME");
  add("--batch-key-file", flags.batch_key_file, "Holds its key, unless AZURE_BATCH_ACCESS_KEY does", "FILE");
  add("--storage-account", flags.storage_account,
      "The linked storage account (or AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_CONNECTION_STRING)", "NAME");
  add("--storage-endpoint", flags.storage_endpoint, "Its blobs' URL, if it is not the usual one", "URL");
  add("--storage-key-file", flags.storage_key_file, "Holds its key, unless AZURE_STORAGE_KEY does", "FILE");
  add("--storage-suffix", flags.storage_suffix, "Of its cloud, unless core.windows.net", "DOMAIN");
  add("--tenant-id", flags.tenant_id, "Of Entra ID, for tokens in place of keys (or AZURE_TENANT_ID)", "ID");
  add("--client-id", flags.client_id, "Who asks for them (or AZURE_CLIENT_ID)", "ID");
  add("--client-secret-file", flags.client_secret_file, "Holds its secret, unless AZURE_CLIENT_SECRET does", "FILE");
  add("--client-certificate", flags.client_certificate,
      "Or its key and certificate, PEM (or AZURE_CLIENT_CERTIFICATE_PATH, AZURE_CLIENT_CERTIFICATE_PASSWORD)", "FILE");
  add("--federated-token-file", flags.federated_token_file, "Or its workload identity (or AZURE_FEDERATED_TOKEN_FILE)",
      "FILE");
  add("--authority-host", flags.authority_host, "Who gives them, unless the cloud's (or AZURE_AUTHORITY_HOST)", "URL");
  add("--subscription-id", flags.subscription_id,
      "Of the Batch account, to look up VM sizes in Resource Manager (or AZURE_SUBSCRIPTION_ID)", "ID");
  add("--resource-manager", flags.resource_manager, "Where that is, unless where the cloud has it", "URL");
  add("--ca-file", flags.ca_file, "Certificates to trust (PEM), unless the machine's", "FILE");
  add("--ready-file", flags.ready_file, "Of --backend emulator: what `start --ready-file` wrote", "FILE");
  add("--record", flags.record, "Write each exchange with the service, without secrets, into a file of this folder",
      "DIR");
}

bool starts_with_dash(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> commands_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands({})) names.push_back(sub->get_name());
  return names;
}

// With the whole path in its usage line.
std::string help_of(const CLI::App* command) {
  std::string path;
  for (const CLI::App* at = command->get_parent(); at != nullptr; at = at->get_parent()) {
    path = fmt::format("{}{}{}", at->get_name(), path.empty() ? "" : " ", path);
  }
  return command->help(path);
}

// Which exit code an error of the backend becomes.
int exit_code_of(const Error& error) {
  const std::string& code = error.code();
  if (code.find("Quota") != std::string::npos || code.find("Capacity") != std::string::npos ||
      code.find("AllocationFailed") != std::string::npos) {
    return kCapacity;
  }
  if (error.status() == 404) return kNotFound;
  if (error.status() == 408) return kTimedOut;
  return error.status() == 400 ? kUsage : kRefused;
}

}  // namespace

std::string environment_name(const CLI::Option& option) {
  if (option.get_lnames().empty() || option.get_lnames().front() == "help") return "";
  std::string name = "BATCHITE_" + option.get_lnames().front();
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return name;
}

std::string read_text(const std::string& path, std::istream& in) {
  std::ostringstream text;
  if (path == "-") {
    text << in.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  text << file.rdbuf();
  if (!file) throw UsageError(fmt::format("{}: cannot be read: {}", path, std::generic_category().message(errno)));
  return text.str();
}

Program::Program(const Surroundings& surroundings) : around_(surroundings), app_(kAbout, "batchite") {
  app_.require_subcommand(0, 1);
  app_.fallthrough();
  app_.add_option("--backend", globals_.backend, "Who carries it out: this machine, a running emulator, or Azure")
      ->type_name("local|emulator|azure");
  app_.add_option("-l,--location", globals_.location, "Data directory of the local backend")->type_name("DIR");
  app_.add_flag("--ephemeral,--inMemoryPersistence", globals_.ephemeral,
                "Use a temporary data directory, removed at the end");
  app_.add_option("--isolation", globals_.isolation, "How far tasks are kept from this machine")
      ->type_name("auto|process|landlock|overlay");
  app_.add_option("--host-packages", globals_.host_packages, "What `apt-get install` of a task does here")
      ->type_name("shim|allow|deny");
  app_.add_option("-o,--format", format_, "How results are printed: table, json, jsonl or tsv")
      ->check(CLI::IsMember({"table", "json", "jsonl", "tsv"}))
      ->type_name("FORMAT");
  app_.add_flag("-q,--quiet,-s,--silent", globals_.quiet, "No progress on stderr, only errors");
  app_.add_flag("--no-color", globals_.no_color, "No colour (nor with NO_COLOR, nor when piped)");
  declare_remote(app_, globals_.remote);
  declare_commands(*this);
}

CLI::App* Program::add(CLI::App& parent, std::string_view name, std::string_view summary) {
  return parent.add_subcommand(std::string(name), std::string(summary));
}

Printer Program::printer() const { return {around_.out, globals_.format, color_on(around_.out_is_terminal)}; }

bool Program::color_on(bool is_terminal) const {
  const auto no_color = around_.environment("NO_COLOR");
  return is_terminal && !globals_.no_color && (!no_color || no_color->empty());
}

void Program::note(const std::string& text) const {
  if (!globals_.quiet) around_.err << text << '\n' << std::flush;
}

void Program::warn(const std::string& text) const {
  if (!globals_.quiet) around_.err << "batchite: warning: " << text << '\n' << std::flush;
}

Backend& Program::backend(const Serving& serving) {
  if (backend_) return *backend_;
  if (std::ranges::find(kBackends, globals_.backend) == std::end(kBackends)) {
    throw UsageError(
        fmt::format("--backend {} is not a backend{}: use local, emulator or azure", globals_.backend,
                    workflow::did_you_mean(globals_.backend, {std::begin(kBackends), std::end(kBackends)})));
  }
  OpenBackend opened = around_.open_backend(globals_, serving);
  backend_ = std::move(opened.backend);
  for (const std::string& warning : opened.warnings) warn(warning);
  return *backend_;
}

const CLI::App* Program::chosen() {
  const CLI::App* at = &app_;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::pair<std::string, std::optional<std::string>> Program::environment_value(const CLI::Option& option,
                                                                              bool with_aliases) const {
  std::vector<std::string> names = {environment_name(option)};
  for (const Alias& alias : kAliases) {
    if (!with_aliases || alias.flag != option.get_lnames().front()) continue;
    names.insert(names.end(), alias.variables.begin(), alias.variables.end());
  }
  for (const std::string& name : names) {
    if (auto value = around_.environment(name)) return {name, std::move(value)};
  }
  return {"", std::nullopt};
}

void Program::fill_in(CLI::App& command, const std::string& section) {
  static const std::set<std::string> kNotFromOutside = {"help"};
  const Configuration configuration(app_, around_);
  const auto fill = [&](CLI::App& app, const std::string& own) {
    for (CLI::Option* option : app.get_options()) {
      const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
      if (option->count() > 0 || name.empty() || kNotFromOutside.contains(name)) continue;
      const auto [given_by, variable] = environment_value(*option, &app == &app_);
      const Setting* setting = configuration.find(own, name);
      if (!variable && setting == nullptr) continue;
      try {
        option->add_result(variable ? std::vector<std::string>{*variable} : setting->values);
        option->run_callback();
      } catch (const CLI::Error& error) {
        throw UsageError(fmt::format("{}: {}", variable ? given_by : setting->file + ": " + name, error.what()));
      }
    }
  };
  fill(app_, "");
  if (&command != &app_) fill(command, section);
}

std::string Program::explain_extras(const std::string& text) {
  std::istringstream words(text.substr(std::min(text.find(": ") + 2, text.size())));
  std::vector<std::string> extras{std::istream_iterator<std::string>(words), {}};
  std::stable_partition(extras.begin(), extras.end(), starts_with_dash);
  const std::string first = extras.empty() ? "" : extras.front();
  if (!starts_with_dash(first)) {
    const std::vector<std::string> known = commands_of(*chosen());
    return fmt::format("unknown {} '{}'{}", known.empty() ? "argument" : "command", first,
                       workflow::did_you_mean(first, known));
  }
  std::vector<std::string> known = flags_of(app_);
  for (const CLI::App* at = chosen(); at != &app_; at = at->get_parent()) {
    for (const std::string& flag : flags_of(*at)) known.push_back(flag);
  }
  return fmt::format("unknown flag '{}'{}", first, workflow::did_you_mean(first, known));
}

int Program::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
    return kOk;
  } catch (const CLI::CallForHelp&) {
    around_.out << help_of(chosen());
    return -1;
  } catch (const CLI::ExtrasError& error) {
    if (take_anything_.contains(chosen())) return kOk;
    throw UsageError(explain_extras(error.what()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(
        fmt::format("{} (see `batchite{} --help`)", error.what(), chosen() == &app_ ? "" : " " + chosen()->get_name()));
  }
}

int Program::run(int argc, const char* const* argv) {
  if (parse(argc, argv) != kOk) return kOk;
  const CLI::App* command = chosen();
  if (command == &app_) {
    around_.out << app_.help();
    return kOk;
  }
  std::string section;
  for (const CLI::App* at = command; at != &app_; at = at->get_parent()) {
    section = fmt::format("{}{}{}", at->get_name(), section.empty() ? "" : " ", section);
  }
  const auto action = actions_.find(command);
  if (action == actions_.end()) {  // a noun without its verb
    around_.out << help_of(command);
    return kUsage;
  }
  fill_in(*const_cast<CLI::App*>(command), section);
  globals_.format = kFormats.at(format_);
  return action->second();
}

std::string default_location(const Surroundings& surroundings) {
  const auto data = surroundings.environment("XDG_DATA_HOME");
  if (data && !data->empty()) return *data + "/batchite";
  const auto home = surroundings.environment("HOME");
  if (home && !home->empty()) return *home + "/.local/share/batchite";
  throw UsageError("no data directory: HOME is not set; give one with --location DIR");
}

int run_program(int argc, const char* const* argv, const Surroundings& surroundings) {
  const auto fail = [&](const std::string& text, int code) {
    surroundings.err << "batchite: error: " << text << std::endl;
    return code;
  };
  try {
    Program program(surroundings);
    const int code = program.run(argc, argv);
    surroundings.out.flush();
    return code;
  } catch (const UsageError& error) {
    return fail(error.what(), kUsage);
  } catch (const Error& error) {
    return fail(error.what(), exit_code_of(error));
  } catch (const std::exception& error) {
    return fail(fmt::format("{} (this is a defect of batchite)", error.what()), kInternal);
  }
}

}  // namespace batchite::cli
