#include "core/workflow/group_use.h"

#include <algorithm>

#include "core/workflow/file_source.h"

namespace batchite::workflow {
namespace {

// Placeholders make a name that is known only for each task.
bool is_fixed(const std::string& group) { return !group.empty() && group.find_first_of("{}") == std::string::npos; }

void add(std::vector<std::string>& groups, const std::string& group) {
  if (is_fixed(group) && std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
}

std::vector<FileGroup> with_parameters(const std::vector<std::string>& groups,
                                       const std::vector<GroupParameter>& parameters) {
  std::vector<FileGroup> result;
  for (const std::string& group : groups) {
    const auto names = [&](bool declared) {
      return std::find_if(parameters.begin(), parameters.end(), [&](const GroupParameter& one) {
        return one.value == group && one.is_file_group == declared;
      });
    };
    auto parameter = names(true);
    if (parameter == parameters.end()) parameter = names(false);
    result.push_back({parameter == parameters.end() ? "" : parameter->name, group, container_name(group)});
  }
  return result;
}

}  // namespace

void GroupUse::note(const std::string& group, Access access) {
  container_name(group);
  add(access == Access::Write ? written_ : read_, group);
}

void GroupUse::scan(const Document& body, const std::string& path, const Report& report) {
  if (body.is_array()) {
    for (std::size_t i = 0; i < body.size(); ++i) scan(body[i], item_path(path, i), report);
  }
  if (!body.is_object()) return;
  for (const auto& [name, member] : body.items()) {
    const std::string at = member_path(path, name);
    const bool is_written = name == "autoStorage";
    if ((is_written || name == "source") && member.is_object()) {
      const std::string group = Reader(member).text("fileGroup");
      if (is_fixed(group)) check_group(group, member_path(at, "fileGroup"), report);
      add(is_written ? written_ : read_, group);
    }
    scan(member, at, report);
  }
}

FileGroups GroupUse::named_by(const std::vector<GroupParameter>& parameters) const {
  std::vector<std::string> read = read_;
  for (const GroupParameter& parameter : parameters) {
    const bool is_written = std::find(written_.begin(), written_.end(), parameter.value) != written_.end();
    if (parameter.is_file_group && !is_written) add(read, parameter.value);
  }
  return {.read = with_parameters(read, parameters), .written = with_parameters(written_, parameters)};
}

}  // namespace batchite::workflow
