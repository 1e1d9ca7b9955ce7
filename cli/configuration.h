// ./batchite.toml and the user's file: `flag = value` for every command, or below [run] for one. Throws UsageError
// naming file, key and the nearest known one.
#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/surroundings.h"

namespace batchite::cli {

struct Setting {
  std::string file;
  std::vector<std::string> values;
};

class Configuration {
 public:
  // Reads both files, if they are there, and checks their keys against the commands of `app`.
  Configuration(const CLI::App& app, const Surroundings& surroundings);
  // `section`: "" or a command's path ("task add"). A section's own value wins over one for every command;
  // ./batchite.toml wins over the user's file.
  const Setting* find(const std::string& section, const std::string& flag) const;

 private:
  void read(const std::string& path, const CLI::App& app);

  std::map<std::string, Setting> settings_;  // by "section/flag"
};

}  // namespace batchite::cli
