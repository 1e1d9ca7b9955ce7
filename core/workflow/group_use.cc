#include "core/workflow/group_use.h"

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/file_source.h"

namespace batchite::workflow {
namespace {

bool contains(const std::vector<FileGroup>& groups, const std::string& name) {
  return std::any_of(groups.begin(), groups.end(), [&](const FileGroup& one) { return one.name == name; });
}

void add(std::vector<FileGroup>& groups, const FileGroup& group) {
  if (!contains(groups, group.name)) groups.push_back(group);
}

std::string parameter_with(const std::string& value, const std::vector<GroupParameter>& parameters) {
  for (const bool declared : {true, false}) {
    for (const GroupParameter& one : parameters) {
      if (one.value == value && one.is_file_group == declared) return one.name;
    }
  }
  return "";
}

}  // namespace

void GroupUse::note(const std::string& group, Access access) {
  add(access == Access::Write ? seen_.written : seen_.read, {"", group, container_name(group)});
}

void GroupUse::scan(const Document& body, const std::string& path,
                    const std::map<std::string, std::string>& parameter_at, const Report& report) {
  if (body.is_array()) {
    for (std::size_t i = 0; i < body.size(); ++i) scan(body[i], item_path(path, i), parameter_at, report);
  }
  if (!body.is_object()) return;
  for (const auto& [name, member] : body.items()) {
    const std::string at = member_path(path, name);
    const bool is_written = name == "autoStorage";
    const std::string group = is_written || name == "source" ? Reader(member).text("fileGroup") : "";
    // Placeholders make a name that is known only for each task.
    if (!group.empty() && group.find_first_of("{}") == std::string::npos) {
      const std::string group_path = member_path(at, "fileGroup");
      const auto parameter = parameter_at.find(fold(group_path));
      add(is_written ? seen_.written : seen_.read,
          {parameter == parameter_at.end() ? "" : parameter->second, group, check_group(group, group_path, report)});
    }
    scan(member, at, parameter_at, report);
  }
}

FileGroups GroupUse::named_by(const std::vector<GroupParameter>& parameters) const {
  FileGroups result = seen_;
  for (const GroupParameter& parameter : parameters) {
    if (!parameter.is_file_group || parameter.value.empty() || contains(seen_.written, parameter.value)) continue;
    add(result.read, {parameter.name, parameter.value, container_name(parameter.value)});
  }
  for (auto* groups : {&result.read, &result.written}) {
    for (FileGroup& group : *groups) {
      if (group.parameter.empty()) group.parameter = parameter_with(group.name, parameters);
    }
  }
  return result;
}

}  // namespace batchite::workflow
