#include "core/operations/lookup.h"

#include <charconv>

#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/render.h"

namespace batchite {
namespace {

constexpr std::size_t kPageSize = 1000;
constexpr std::size_t kFilteredRows = 1000;  // read at a time while a filter looks for what it lets through

std::int64_t find(const Change& change, Kind kind, std::int64_t parent, const std::string& id,
                  const ErrorCode& missing) {
  const auto key = change.read().find(kind, parent, id);
  if (!key) throw Error(missing);
  return *key;
}

std::size_t page_size(const Call& call) {
  const std::string* text = call.query.find("maxresults");
  if (!text) return kPageSize;
  long value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const auto refuse = [&](const char* reason) {
    throw Error(errors::kInvalidQueryParameterValue,
                {{"QueryParameterName", "maxresults"}, {"QueryParameterValue", *text}, {"Reason", reason}});
  };
  if (error != std::errc() || end != text->data() + text->size()) refuse("MaxResults must be a whole number");
  if (value < 1) refuse("MaxResults cannot be less than 1");
  if (value > static_cast<long>(kPageSize)) refuse("MaxResults cannot be greater than 1000");
  return static_cast<std::size_t>(value);
}

// What this caller sees of a resource: nothing secret or unknown to its version, and only what $select names.
Document selected(const Call& call, Document document) {
  const contract::Model* model = call.operation.item() ? call.operation.item() : call.operation.answer;
  if (model) document = contract::shape(*model, std::move(document), call.version);
  const std::string* select = call.query.find("$select");
  if (!select || select->empty()) return document;
  Document kept = Document::object();
  std::string_view rest = *select;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (model && !model->find(name)) {
      throw Error(errors::kInvalidQueryParameterValue, {{"QueryParameterName", "$select"},
                                                        {"QueryParameterValue", *select},
                                                        {"Reason", "There is no property " + std::string(name)}});
    }
    if (document.contains(name)) kept[std::string(name)] = document[std::string(name)];
  }
  return kept;
}

std::string path_of(const Call& call) {
  std::string path(call.operation.path);
  for (const auto& [name, value] : call.path) {
    const std::string place = "{" + name + "}";
    if (const auto at = path.find(place); at != std::string::npos)
      path.replace(at, place.size(), percent_encode(value));
  }
  return path;
}

std::string next_link(const Change& change, const Call& call, const std::string& token) {
  std::string link = change.base_url() + path_of(call) + "?";
  for (const auto& [name, value] : call.query) {
    if (!same_id(name, "$skiptoken")) link += name + "=" + percent_encode(value) + "&";
  }
  return link + "$skiptoken=" + percent_encode(token);
}

// The text of the state, where it can be told without rendering; empty: it cannot.
std::string_view quick_state(const Change& change, Kind kind, std::int64_t key) {
  const State& state = change.state();
  switch (kind) {
    case Kind::Pool:
      break;  // few, so rendering them costs little
    case Kind::Node:
      if (const auto node = state.nodes.find(NodeKey{key}); node != state.nodes.end())
        return text_of(node->second.status.state);
      break;
    case Kind::Job:
      if (const auto job = state.jobs.find(JobKey{key}); job != state.jobs.end())
        return text_of(job->second.status.state);
      break;
    case Kind::Task:
      if (const Task* task = state.tasks.find(TaskKey{key})) return text_of(task->status.state);
      break;
  }
  return {};
}

bool ruled_out(const Filter& filter, const Change& change, Kind kind, const Listed& row) {
  const std::string_view state = quick_state(change, kind, row.key);
  const Filter::Known known[] = {{"id", row.id}, {"state", state}};
  return filter.rules_out(std::span(known).first(state.empty() ? 1 : 2));
}

}  // namespace

PoolKey the_pool(const Change& change, const Call& call) {
  return PoolKey{find(change, Kind::Pool, 0, call.path.get("poolId"), errors::kPoolNotFound)};
}

NodeKey the_node(const Change& change, const Call& call) {
  const auto node = change.find_node(the_pool(change, call), call.path.get("nodeId"));
  if (!node) throw Error(errors::kNodeNotFound);
  return *node;
}

JobKey the_job(const Change& change, const Call& call) {
  return JobKey{find(change, Kind::Job, 0, call.path.get("jobId"), errors::kJobNotFound)};
}

TaskKey the_task(const Change& change, const Call& call) {
  const JobKey job = the_job(change, call);
  return TaskKey{find(change, Kind::Task, number(job), call.path.get("taskId"), errors::kTaskNotFound)};
}

void require_open(const Job& job) {
  switch (job.status.state) {
    case JobState::Terminating:
      throw Error(errors::kJobBeingTerminated);
    case JobState::Completed:
      throw Error(errors::kJobCompleted);
    case JobState::Deleting:
      throw Error(errors::kJobBeingDeleted);
    default:
      return;
  }
}

void check_conditions(const Call& call, Time modified) {
  const bool read = call.operation.method == contract::Method::Get || call.operation.method == contract::Method::Head;
  const auto fail = [&](bool not_modified) {
    ErrorCode code = errors::kConditionNotMet;
    code.status = read && not_modified ? 304 : 412;
    throw Error(code);
  };
  const auto names_this = [&](const std::string& tag) {
    const std::string bare = tag.size() > 1 && tag.front() == '"' ? tag.substr(1, tag.size() - 2) : tag;
    return bare == "*" || bare == etag(modified);
  };
  const auto seconds = std::chrono::floor<std::chrono::seconds>(modified);
  const std::string* match = call.headers.find("If-Match");
  const std::string* none_match = call.headers.find("If-None-Match");
  if (match && !names_this(*match)) fail(false);
  if (none_match && names_this(*none_match)) fail(true);
  if (const std::string* since = call.headers.find("If-Modified-Since"); since && !none_match) {
    if (const auto time = parse_http_date(*since); time && seconds <= *time) fail(true);
  }
  if (const std::string* since = call.headers.find("If-Unmodified-Since"); since && !match) {
    if (const auto time = parse_http_date(*since); time && seconds > *time) fail(false);
  }
}

Reply done(const Call& call, std::optional<Time> modified) {
  return Reply{.status = call.operation.status, .modified = modified};
}

Reply one(const Call& call, Document document, Time modified) {
  return Reply{.status = call.operation.status, .body = selected(call, std::move(document)), .modified = modified};
}

std::optional<Filter> filter_of(const Call& call) {
  const std::string* text = call.query.find("$filter");
  if (!text || text->empty()) return std::nullopt;
  return Filter::parse(*text, call.operation);
}

Reply page(Change& change, const Call& call, Kind kind, std::int64_t parent,
           Document (*render)(const Change&, std::int64_t key)) {
  const std::optional<Filter> filter = filter_of(call);
  const std::size_t limit = page_size(call);
  std::string after = call.query.get("$skiptoken");
  std::string last;  // of the page
  Document value = Document::array();
  bool more = false;
  bool at_end = false;
  while (!more && !at_end) {
    // One further than the page holds, to know whether a link is due.
    const std::size_t wanted = filter ? kFilteredRows : limit - value.size() + 1;
    const std::vector<Listed> rows = change.read().list(kind, parent, after, wanted);
    at_end = rows.size() < wanted;
    for (const Listed& row : rows) {
      after = row.id;
      if (filter && ruled_out(*filter, change, kind, row)) continue;
      Document document = render(change, row.key);
      if (document.is_null() || (filter && !filter->matches(document))) continue;
      more = value.size() == limit;
      if (more) break;
      last = row.id;
      value.push_back(selected(call, std::move(document)));
    }
  }
  Document body = {{"value", std::move(value)}};
  if (more) body["odata.nextLink"] = next_link(change, call, last);
  return Reply{.status = call.operation.status, .body = std::move(body)};
}

std::string pool_url(const Change& change, std::string_view pool_id) {
  return change.base_url() + "/pools/" + std::string(pool_id);
}
std::string node_url(const Change& change, const NodeName& name) {
  return pool_url(change, name.pool_id) + "/nodes/" + name.node_id;
}
std::string job_url(const Change& change, std::string_view job_id) {
  return change.base_url() + "/jobs/" + std::string(job_id);
}
std::string task_url(const Change& change, std::string_view job_id, std::string_view task_id) {
  return job_url(change, job_id) + "/tasks/" + std::string(task_id);
}

}  // namespace batchite
