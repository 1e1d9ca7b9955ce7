#include "cli/template_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>
#include <sstream>

#include "core/base/ids.h"
#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

namespace fs = std::filesystem;
using workflow::TemplateFile;
using workflow::TemplateKind;

TemplateFile read_template(const std::string& path, const Program& program) {
  return {path, parse_document(read_text(path, program.around().in), path)};
}

// Puts the file where it belongs; false: it is neither template nor body.
bool place(TemplateFile file, workflow::Request& request) {
  const TemplateKind kind = workflow::template_kind(file.document);
  const bool is_pool = kind == TemplateKind::Pool || kind == TemplateKind::PoolBody;
  if (!is_pool && kind != TemplateKind::Job && kind != TemplateKind::JobBody) return false;
  std::optional<TemplateFile>& slot = is_pool ? request.pool : request.job;
  if (slot) {
    throw UsageError(fmt::format("{} and {} are both {} templates: give one of each", slot->name, file.name,
                                 is_pool ? "pool" : "job"));
  }
  slot = std::move(file);
  return true;
}

void read_folder(const fs::path& folder, workflow::Request& request, const Program& program) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && name != "parameters.json") names.push_back(name);
  }
  std::ranges::sort(names);
  for (const std::string& name : names) place(read_template((folder / name).string(), program), request);
  if (!request.pool && !request.job) {
    throw UsageError(fmt::format("{}: holds neither a pool nor a job template (*.json)", folder.string()));
  }
}

void read_paths(const TemplateFlags& flags, workflow::Request& request, const Program& program) {
  if (flags.paths.empty()) {
    throw UsageError("no templates: give POOL.json and JOB.json, or a folder that holds them");
  }
  std::error_code error;
  if (flags.paths.size() == 1 && fs::is_directory(flags.paths[0], error)) {
    return read_folder(flags.paths[0], request, program);
  }
  for (const std::string& path : flags.paths) {
    TemplateFile file = read_template(path, program);
    const bool is_application = workflow::template_kind(file.document) == TemplateKind::Application;
    if (!place(std::move(file), request)) {
      throw UsageError(fmt::format("{}: is {}", path,
                                   is_application
                                       ? "an application template: name it in a job's applicationTemplateInfo"
                                       : "no pool or job template (it has neither \"pool\" nor \"job\")"));
    }
  }
}

void read_values(const TemplateFlags& flags, workflow::Request& request, const Program& program) {
  std::string file = flags.parameters_file;
  std::error_code error;
  if (file.empty() && flags.paths.size() == 1 && fs::is_regular_file(flags.paths[0] + "/parameters.json", error)) {
    file = flags.paths[0] + "/parameters.json";
  }
  if (!file.empty()) {
    request.parameters = workflow::read_parameters(parse_document(read_text(file, program.around().in), file), file);
  }
  for (const std::string& text : flags.values) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format("-P {}: write it as NAME=VALUE", text));
    }
    const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    const bool is_structure = value.starts_with('{') || value.starts_with('[');
    request.parameters[name] = is_structure ? parse_document(value, "-P " + name) : Document(value);
  }
}

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ask(const workflow::ParameterInfo& info, const Program& program) {
  std::string answer;
  program.around().err << workflow::to_text(info) << ": " << std::flush;
  if (!std::getline(program.around().in, answer)) throw UsageError("no value for parameter " + info.name);
  return answer;
}

// Inputs go to groups that are read; to one that is also written only if there is no other.
std::vector<workflow::FileGroup> candidates(const workflow::FileGroups& groups) {
  std::vector<workflow::FileGroup> only_read;
  for (const workflow::FileGroup& group : groups.read) {
    const bool is_written = std::ranges::any_of(
        groups.written, [&](const workflow::FileGroup& written) { return written.container == group.container; });
    if (!is_written) only_read.push_back(group);
  }
  return only_read.empty() ? groups.read : only_read;
}

std::vector<std::string> names_of(const std::vector<workflow::FileGroup>& groups) {
  std::vector<std::string> names;
  names.reserve(groups.size());
  for (const workflow::FileGroup& group : groups)
    names.push_back(group.parameter.empty() ? group.name : group.parameter);
  return names;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

void declare(CLI::App& command, TemplateFlags& flags) {
  command.add_option("templates", flags.paths, "POOL.json and JOB.json, in any order, or a folder with both")
      ->type_name("FILE|FOLDER");
  command.add_option("-p,--parameters", flags.parameters_file, "Values for the templates' parameters")
      ->type_name("FILE");
  command.add_option("-P,--parameter", flags.values, "One value; wins over --parameters")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command.add_flag("--strict", flags.strict, "Unknown properties and parameters are errors");
  command.add_flag("--lenient-brackets", flags.lenient_brackets, "Brackets that are no expressions stay as they are");
  command.add_flag("--autopool", flags.autopool, "The pool becomes the job's own, removed with it");
}

workflow::Request read_request(const TemplateFlags& flags, const Program& program) {
  workflow::Request request;
  read_paths(flags, request, program);
  read_values(flags, request, program);
  request.options = {flags.strict, flags.lenient_brackets, flags.autopool};
  request.read_file = text_of;
  return request;
}

void complete(workflow::Request& request, const std::string& run_id, const Program& program) {
  for (const workflow::ParameterInfo& info : workflow::missing_parameters(request)) {
    if (info.is_signed_for_you()) continue;
    if (info.advanced_type == "file-group" || info.advanced_type == "job-id") {
      request.parameters[info.name] = fold(info.name) + "-" + run_id;
    } else if (program.around().in_is_terminal) {
      request.parameters[info.name] = ask(info, program);
    }
  }
}

std::vector<workflow::Input> read_inputs(const std::vector<std::string>& texts, const workflow::FileGroups& groups) {
  const std::vector<workflow::FileGroup> known = candidates(groups);
  std::vector<workflow::Input> inputs;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const bool is_named = equals != std::string::npos && is_name(std::string_view(text).substr(0, equals));
    if (!is_named) {
      if (known.size() == 1) {
        inputs.push_back({known.front().container, text});
        continue;
      }
      throw UsageError(known.empty()
                           ? fmt::format("--input {}: the templates read no file group", text)
                           : fmt::format("--input {}: the templates read several file groups ({}): say which, "
                                         "as NAME=PATTERN",
                                         text, list_of(names_of(known))));
    }
    const std::string name = text.substr(0, equals);
    std::vector<workflow::FileGroup> all = groups.read;
    all.insert(all.end(), groups.written.begin(), groups.written.end());
    const auto group = std::ranges::find_if(all, [&](const workflow::FileGroup& one) {
      return one.parameter == name || same_id(one.name, name) || one.container == name;
    });
    if (group == all.end()) {
      throw UsageError(fmt::format("--input {}: the templates know no file group '{}'{}; they read: {}", text, name,
                                   workflow::did_you_mean(name, names_of(all)), list_of(names_of(known))));
    }
    inputs.push_back({group->container, text.substr(equals + 1)});
  }
  return inputs;
}

Ticks parse_timeout(const std::string& text, const std::string& flag) {
  if (const auto duration = parse_duration(text); duration && *duration > Ticks::zero()) return *duration;
  static const std::map<std::string, std::chrono::seconds> kUnits = {
      {"", std::chrono::seconds(1)}, {"s", std::chrono::seconds(1)}, {"m", std::chrono::minutes(1)},
      {"h", std::chrono::hours(1)},  {"d", std::chrono::days(1)},
  };
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = kUnits.find(text.substr(digits));
  const std::string figure = text.substr(0, digits);
  char* end = nullptr;
  const double number = std::strtod(figure.c_str(), &end);
  if (digits == 0 || *end != '\0' || unit == kUnits.end() || number <= 0 || number > 1e6) {
    throw UsageError(fmt::format("{} {}: write a duration as 90s, 15m, 2h, 1d or PT15M", flag, text));
  }
  return std::chrono::duration_cast<Ticks>(std::chrono::duration<double>(number) *
                                           static_cast<double>(unit->second.count()));
}

Ticks parse_delay(const std::string& text, const std::string& flag) {
  return text.empty() || text == "0" || text == "0s" ? Ticks::zero() : parse_timeout(text, flag);
}

}  // namespace batchite::cli
