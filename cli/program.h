// The program's commands while they are declared and chosen. A command is a row of a table (commands.cc): name, what it
// does, and the function that declares its flags and says what it does when chosen.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/printer.h"
#include "cli/surroundings.h"

namespace batchite::cli {

class Program {
 public:
  explicit Program(const Surroundings& surroundings);

  CLI::App& app() { return app_; }
  const Surroundings& around() const { return around_; }
  const Globals& globals() const { return globals_; }

  // `action` returns the exit code.
  CLI::App* add(CLI::App& parent, std::string_view name, std::string_view summary);
  void on_chosen(const CLI::App* command, std::function<int()> action) { actions_[command] = std::move(action); }

  // Words after it are no mistake of their own.
  void take_anything(const CLI::App* command) { take_anything_.insert(command); }

  int run(int argc, const char* const* argv);

  // Opened when first asked for, closed with the program. Its warnings go to stderr.
  Backend& backend() { return backend(Serving{}); }
  Backend& backend(const Serving& serving);
  void close_backend() { backend_.reset(); }
  // Whether the backend is in this process, and nobody else's: not somewhere where others work, too.
  bool is_embedded() const { return globals_.backend == "local"; }
  Printer printer() const;
  // One line on stderr, unless --quiet.
  void note(const std::string& text) const;
  void warn(const std::string& text) const;
  bool color_on(bool is_terminal) const;

 private:
  int parse(int argc, const char* const* argv);
  // What CLI11 says of words that nothing takes, with what was meant.
  std::string explain_extras(const std::string& text);
  // The variable that says it, and what it says. Aliases are for what every command takes.
  std::pair<std::string, std::optional<std::string>> environment_value(const CLI::Option& option,
                                                                       bool with_aliases) const;
  // Flags that were not given take their value from the environment, else from the configuration files.
  void fill_in(CLI::App& command, const std::string& section);
  const CLI::App* chosen();

  const Surroundings& around_;
  Globals globals_;
  std::string format_ = "table";
  CLI::App app_;
  std::map<const CLI::App*, std::function<int()>> actions_;
  std::set<const CLI::App*> take_anything_;
  std::unique_ptr<Backend> backend_;
};

// "BATCHITE_HOST_PACKAGES" for "--host-packages".
std::string environment_name(const CLI::Option& option);

// A file's text, or standard input's for "-". Throws UsageError naming it.
std::string read_text(const std::string& path, std::istream& in);

}  // namespace batchite::cli
