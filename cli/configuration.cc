#include "cli/configuration.h"

#include <fmt/format.h>

#include <fstream>

#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames().front() != "help") {
      names.push_back(option->get_lnames().front());
    }
  }
  return names;
}

const CLI::App* find_command(const CLI::App& app, const std::vector<std::string>& path, const std::string& file) {
  const CLI::App* at = &app;
  for (const std::string& name : path) {
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* command : at->get_subcommands({})) {
      names.push_back(command->get_name());
      if (command->get_name() == name) next = command;
    }
    if (next == nullptr) {
      throw UsageError(fmt::format("{}: section '[{}]' names no command{}", file, joined(path, "."),
                                   workflow::did_you_mean(name, names)));
    }
    at = next;
  }
  return at;
}

}  // namespace

Configuration::Configuration(const CLI::App& app, const Surroundings& surroundings) {
  read("batchite.toml", app);
  const auto home = surroundings.environment("HOME");
  const auto config = surroundings.environment("XDG_CONFIG_HOME");
  if (config && !config->empty()) {
    read(*config + "/batchite/config.toml", app);
  } else if (home) {
    read(*home + "/.config/batchite/config.toml", app);
  }
}

void Configuration::read(const std::string& path, const CLI::App& app) {
  std::ifstream file(path);
  if (!file) return;
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(file);
  } catch (const CLI::Error& error) {
    throw UsageError(fmt::format("{}: {}", path, error.what()));
  }
  for (const CLI::ConfigItem& item : items) {
    if (item.name == "--" || item.name == "++") continue;  // where a section begins or ends
    const std::vector<std::string> known = flags_of(*find_command(app, item.parents, path));
    if (std::find(known.begin(), known.end(), item.name) == known.end()) {
      throw UsageError(fmt::format("{}: unknown key '{}'{}{}", path, item.name,
                                   item.parents.empty() ? "" : " in section '[" + joined(item.parents, ".") + "]'",
                                   workflow::did_you_mean(item.name, known)));
    }
    settings_.try_emplace(joined(item.parents, " ") + "/" + item.name, Setting{path, item.inputs});
  }
}

const Setting* Configuration::find(const std::string& section, const std::string& flag) const {
  const auto it = settings_.find(section + "/" + flag);
  return it == settings_.end() ? nullptr : &it->second;
}

}  // namespace batchite::cli
