// The commands that are operations of the contract: a noun is a row with its columns, its verbs are the contract's
// operations, their path is positional, their query becomes flags.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "cli/commands.h"
#include "core/contract/contract.h"
#include "core/workflow/client.h"
#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

using contract::Operation;

constexpr Column kPools[] = {{"POOL", "id"},
                             {"STATE", "state"},
                             {"ALLOCATION", "allocationState"},
                             {"VM SIZE", "vmSize"},
                             {"DEDICATED", "currentDedicatedNodes", true},
                             {"WANTED", "targetDedicatedNodes", true},
                             {"SPOT", "currentLowPriorityNodes", true},
                             {"WANTED", "targetLowPriorityNodes", true}};
constexpr Column kNodes[] = {{"NODE", "id"},
                             {"STATE", "state"},
                             {"DEDICATED", "isDedicated"},
                             {"RUNNING", "runningTasksCount", true},
                             {"START TASK", "startTaskInfo.state"},
                             {"EXIT", "startTaskInfo.exitCode", true}};
constexpr Column kJobs[] = {{"JOB", "id"},
                            {"STATE", "state"},
                            {"POOL", "executionInfo.poolId"},
                            {"PRIORITY", "priority", true},
                            {"CREATED", "creationTime"}};
constexpr Column kTasks[] = {{"TASK", "id"},
                             {"STATE", "state"},
                             {"EXIT", "executionInfo.exitCode", true},
                             {"RESULT", "executionInfo.result"},
                             {"STARTED", "executionInfo.startTime"},
                             {"ENDED", "executionInfo.endTime"},
                             {"NODE", "nodeInfo.nodeId"}};
constexpr Column kSchedules[] = {{"SCHEDULE", "id"},
                                 {"STATE", "state"},
                                 {"NEXT RUN", "executionInfo.nextRunTime"},
                                 {"RECENT JOB", "executionInfo.recentJob.id"}};
constexpr Column kFiles[] = {
    {"FILE", "name"}, {"SIZE", "properties.contentLength", true}, {"MODIFIED", "properties.lastModified"}};

struct Noun {
  std::string_view name;
  std::string_view resource;  // of the contract's ids: "Pool" for Pool_Add
  std::string_view summary;
  Columns columns;
};
constexpr Noun kNouns[] = {
    {"pool", "Pool", "Pools of nodes", kPools},
    {"node", "ComputeNode", "Nodes of a pool", kNodes},
    {"job", "Job", "Jobs", kJobs},
    {"schedule", "JobSchedule", "Job schedules", kSchedules},
    {"task", "Task", "Tasks of a job", kTasks},
    {"file", "File", "Files of tasks and nodes", kFiles},
    {"account", "Account", "Images and node counts of the account", {}},
};

// "StopResize" -> "stop-resize"; the usual verbs have the names people expect.
std::string verb_of(const Operation& operation) {
  const std::string_view own = operation.id.substr(operation.id.find('_') + 1);
  if (own == "Add") return "create";
  if (own == "Get") return "show";
  std::string name(own);
  if (const std::size_t at = name.find("FromTask"); at != std::string::npos) name.erase(at);
  if (const std::size_t at = name.find("FromComputeNode"); at != std::string::npos) name.replace(at, 15, "FromNode");
  if (name.starts_with("Get") && name.size() > 3 && operation.resource != "File") name.erase(0, 3);
  if (name.starts_with("GetProperties")) name.erase(0, 3);
  std::string verb;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !verb.empty()) verb += '-';
    verb += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return verb;
}

std::vector<std::string> path_parameters(const Operation& operation) {
  std::vector<std::string> names;
  for (std::size_t at = operation.path.find('{'); at != std::string_view::npos; at = operation.path.find('{', at + 1)) {
    names.emplace_back(operation.path.substr(at + 1, operation.path.find('}', at) - at - 1));
  }
  return names;
}

// "TASK" for "taskId"
std::string placeholder(std::string name) {
  if (name.ends_with("Id")) name.resize(name.size() - 2);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return name;
}

// What the flags of one call hold.
struct CallFlags {
  std::map<std::string, std::string> path, query;
  std::string body_file;
  std::vector<std::string> members;  // "name=value"
  std::string file;                  // where bytes go; empty: standard output
};

Document value_of(const std::string& text) {
  Document value = Document::parse(text, nullptr, false);
  return value.is_discarded() ? Document(text) : value;
}

// a.b=1 puts 1 at /a/b.
void set_member(Document& body, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UsageError(fmt::format("--set {}: write it as NAME=VALUE", text));
  Document* at = &body;
  std::string path = text.substr(0, equals);
  for (std::size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
    at = &(*at)[path.substr(0, dot)];
    if (!at->is_null() && !at->is_object()) throw UsageError(fmt::format("--set {}: '{}' is no object", text, path));
  }
  (*at)[path] = value_of(text.substr(equals + 1));
}

Document body_of(const Operation& operation, const CallFlags& flags, const Program& program) {
  Document body = nullptr;
  if (!flags.body_file.empty()) {
    body = parse_document(read_text(flags.body_file, program.around().in), flags.body_file);
  }
  for (const std::string& member : flags.members) set_member(body, member);
  if (body.is_null() && operation.body_required) {
    throw UsageError(
        fmt::format("{} needs a body: --json FILE (- for standard input), or --set NAME=VALUE", operation.id));
  }
  return body;
}

void write_bytes(ByteSource& bytes, const std::string& path, std::ostream& out) {
  std::ofstream file;
  if (!path.empty()) file.open(path, std::ios::binary | std::ios::trunc);
  std::ostream& to = path.empty() ? out : file;
  std::vector<char> buffer(std::size_t{64} * 1024);
  while (const std::size_t count = bytes.read(buffer)) to.write(buffer.data(), static_cast<std::streamsize>(count));
  to.flush();
  if (!to) throw UsageError(fmt::format("{}: cannot be written", path.empty() ? "standard output" : path));
}

Document headers_of(const Reply& reply) {
  Document document = Document::object();
  for (const auto& [name, value] : reply.headers) document[name] = value;
  if (reply.modified) document["eTag"] = etag(*reply.modified);
  return document;
}

// Every page of a list, or the items that --maxresults asks for.
std::vector<Document> items_of(Program& program, const Call& call) {
  workflow::Client client(program.backend());
  std::vector<Document> items;
  if (!call.query.has("maxresults")) return client.list(call.operation.id, call.path, call.query);
  const Document body = program.backend().call(call).body;
  for (const Document& item : Reader(body).array("value")) items.push_back(item);
  return items;
}

int perform(Program& program, const Operation& operation, const CallFlags& flags, Columns columns) {
  Call call{.operation = operation};
  for (const auto& [name, value] : flags.path) call.path.add(name, value);
  for (const auto& [name, value] : flags.query) {
    if (!value.empty()) call.query.add(name, value);
  }
  call.body = body_of(operation, flags, program);
  if (operation.paged || operation.item() != nullptr) {
    program.printer().list(items_of(program, call), columns);
    return kOk;
  }
  const Reply reply = program.backend().call(call);
  if (reply.bytes) {
    write_bytes(*reply.bytes, flags.file, program.around().out);
  } else if (operation.method == contract::Method::Head) {
    program.printer().one(headers_of(reply));
  } else if (!reply.body.is_null()) {
    program.printer().one(reply.body);
  }
  return kOk;
}

void declare_call(CLI::App& command, const Operation& operation, CallFlags& flags) {
  for (const std::string& name : path_parameters(operation)) {
    command.add_option(name, flags.path[name])->required()->type_name("")->option_text(placeholder(name));
  }
  for (const contract::QueryParameter& parameter : operation.query) {
    const std::string name(parameter.name);
    if (name == "api-version" || name == "timeout") continue;
    const std::string flag = "--" + (name.starts_with('$') ? name.substr(1) : name);
    if (parameter.type == contract::Type::Boolean) {
      command.add_flag_callback(
          flag, [&flags, name] { flags.query[name] = "true"; }, name);
    } else {
      command.add_option(flag, flags.query[name], name)->type_name("VALUE");
    }
  }
  if (operation.body != nullptr) {
    command.add_option("--json", flags.body_file, "The body; - for standard input")->type_name("FILE");
    command.add_option("--set", flags.members, "A member of the body, a.b=1 for one deeper")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all();
  }
  if (operation.answers_bytes) command.add_option("-f,--file", flags.file, "Where the bytes go")->type_name("FILE");
}

void declare_noun(Program& program, const Noun& noun) {
  CLI::App* parent = program.add(program.app(), noun.name, noun.summary);
  parent->require_subcommand(0, 1);
  for (const Operation& operation : contract::operations()) {
    if (operation.resource != noun.resource) continue;
    auto flags = std::make_shared<CallFlags>();
    const std::string place = fmt::format("{} {}", contract::to_string(operation.method), operation.path);
    CLI::App* command = program.add(*parent, verb_of(operation), place);
    declare_call(*command, operation, *flags);
    const Columns columns =
        operation.item() != nullptr && verb_of(operation).starts_with("list") ? noun.columns : Columns{};
    program.on_chosen(command,
                      [&program, &operation, flags, columns] { return perform(program, operation, *flags, columns); });
  }
}

// `api`: any operation by its id, and the list of them.
struct ApiFlags {
  std::string operation;
  std::vector<std::string> path, query;
  CallFlags call;
};

std::map<std::string, std::string> pairs(const std::vector<std::string>& texts, const std::string& flag,
                                         const std::vector<std::string>& known) {
  std::map<std::string, std::string> values;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos) throw UsageError(fmt::format("{} {}: write it as NAME=VALUE", flag, text));
    if (std::ranges::find(known, name) == known.end()) {
      throw UsageError(
          fmt::format("{} {}: the operation has no such parameter{}", flag, text, workflow::did_you_mean(name, known)));
    }
    values[name] = text.substr(equals + 1);
  }
  return values;
}

int list_operations(Program& program) {
  static constexpr Column columns[] = {{"OPERATION", "operation"}, {"METHOD", "method"}, {"PATH", "path"}};
  std::vector<Document> rows;
  for (const Operation& row : contract::operations()) {
    rows.push_back({{"operation", row.id}, {"method", contract::to_string(row.method)}, {"path", row.path}});
  }
  program.printer().list(rows, columns);
  return kOk;
}

int call_api(Program& program, ApiFlags& flags) {
  if (flags.operation.empty()) return list_operations(program);
  const Operation* operation = contract::find_operation(flags.operation);
  if (operation == nullptr) {
    std::vector<std::string> ids;
    for (const Operation& row : contract::operations()) ids.emplace_back(row.id);
    throw UsageError(fmt::format("unknown operation '{}'{} (`batchite api` lists them)", flags.operation,
                                 workflow::did_you_mean(flags.operation, ids)));
  }
  const std::vector<std::string> needed = path_parameters(*operation);
  flags.call.path = pairs(flags.path, "--path", needed);
  for (const std::string& name : needed) {
    if (!flags.call.path.contains(name)) {
      throw UsageError(fmt::format("{} needs --path {}=VALUE ({})", operation->id, name, operation->path));
    }
  }
  std::vector<std::string> known;
  for (const contract::QueryParameter& parameter : operation->query) known.emplace_back(parameter.name);
  flags.call.query = pairs(flags.query, "--query", known);
  return perform(program, *operation, flags.call, {});
}

void declare_api(Program& program) {
  auto flags = std::make_shared<ApiFlags>();
  CLI::App* command = program.add(program.app(), "api", "Any operation of the Batch service; without one, their list");
  command->add_option("operation", flags->operation, "Its id: Pool_Add");
  command->add_option("--path", flags->path, "A parameter of the path")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("--query", flags->query, "One of the query")->type_name("NAME=VALUE")->expected(1)->take_all();
  command->add_option("--body,--json", flags->call.body_file, "The body; - for standard input")->type_name("FILE");
  command->add_option("--set", flags->call.members, "A member of the body")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("-f,--file", flags->call.file, "Where a file's bytes go")->type_name("FILE");
  program.on_chosen(command, [&program, flags] { return call_api(program, *flags); });
}

}  // namespace

void declare_resources(Program& program) {
  for (const Noun& noun : kNouns) declare_noun(program, noun);
  declare_api(program);
}

}  // namespace batchite::cli
