#include "core/operations/lookup.h"

#include <charconv>

#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/contract/query.h"
#include "core/contract/validate.h"
#include "core/operations/render.h"
#include "core/operations/statistics.h"

namespace batchite {
namespace {

constexpr std::size_t kPageSize = 1000;      // of lists that take no maxresults
constexpr std::size_t kFilteredRows = 1000;  // read at a time while a filter looks for what it lets through

std::int64_t find(const Change& change, Kind kind, std::int64_t parent, const std::string& id,
                  const ErrorCode& missing) {
  const auto key = change.read().find(kind, parent, id);
  if (!key) throw Error(missing);
  return *key;
}

// The query has been checked.
std::size_t page_size(const Call& call) {
  const contract::QueryParameter* parameter = call.operation.find_query("maxresults");
  if (!parameter) return kPageSize;
  const std::string text = call.query.get("maxresults", parameter->default_value);
  std::size_t size = kPageSize;
  std::from_chars(text.data(), text.data() + text.size(), size);
  return size;
}

// What this caller sees of a resource: nothing secret or unknown to its version, and only what $select names.
Document selected(const Call& call, Document document) {
  const contract::Model* model = call.operation.item() ? call.operation.item() : call.operation.answer;
  if (model) document = contract::shape(*model, std::move(document), call.version);
  const std::string select = call.query.get("$select");
  if (select.empty()) return document;
  Document kept = Document::object();
  for (const std::string& name : contract::selected_names(select)) {
    if (document.contains(name) && !kept.contains(name)) kept[name] = std::move(document[name]);
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

std::string next_link(const std::string& base, const Call& call, const std::string& token) {
  std::string link = base + path_of(call) + "?";
  for (const auto& [name, value] : call.query) {
    if (!same_id(name, "$skiptoken")) link += name + "=" + percent_encode(value) + "&";
  }
  return link + "$skiptoken=" + percent_encode(token);
}

// What is known of a row without rendering it.
class Known {
 public:
  std::span<const Filter::Known> all() const { return std::span(members_).first(size_); }
  template <class Value>
  void add(std::string_view name, Value value) {
    members_[size_++] = {name, value};
  }
  // A time that has not come is a member that is not there.
  void add(std::string_view name, Time time) {
    members_[size_++] = {name, {}};
    if (time != kNever) members_[size_ - 1].value = time;
  }
  // The value of the latest.
  template <class Value>
  void replace(Value value) {
    members_[size_ - 1].value = value;
  }

 private:
  std::array<Filter::Known, 11> members_{};
  std::size_t size_ = 0;
};

template <class Status>
void add_life(Known& known, const Status& status) {
  known.add("state", text_of(status.state));
  known.add("stateTransitionTime", status.state_since);
  known.add("creationTime", status.created);
  known.add("lastModified", status.modified);
}

void add_task(Known& known, const TaskStatus& status) {
  const bool completed = status.state == TaskState::Completed;
  add_life(known, status);
  known.add("lastModifiedTime", status.modified);
  known.add("executionInfo/startTime", status.started);
  known.add("executionInfo/endTime", status.ended);
  known.add("executionInfo/exitCode", std::monostate());
  if (completed && status.has_exit_code) known.replace(std::int64_t{status.exit_code});
  known.add("executionInfo/result", std::monostate());
  if (completed) known.replace(std::string_view(status.failure ? "failure" : "success"));
}

void add_job(Known& known, const JobStatus& status) {
  add_life(known, status);
  known.add("executionInfo/startTime", status.started);
  known.add("executionInfo/endTime", status.ended);
}

void add_node(Known& known, const NodeStatus& status) {
  known.add("state", text_of(status.state));
  known.add("stateTransitionTime", status.state_since);
  known.add("allocationTime", status.allocated);
  known.add("lastBootTime", status.last_boot);
}

void add_schedule(Known& known, const ScheduleStatus& status) {
  add_life(known, status);
  known.add("executionInfo/endTime", status.ended);
}

bool ruled_out(const Filter& filter, const Change& change, Kind kind, const Listed& row) {
  const State& state = change.state();
  Known known;
  known.add("id", std::string_view(row.id));
  if (kind == Kind::Task) {
    if (const Task* task = state.tasks.find(TaskKey{row.key})) add_task(known, task->status);
  } else if (kind == Kind::Job) {
    if (const auto job = state.jobs.find(JobKey{row.key}); job != state.jobs.end()) add_job(known, job->second.status);
  } else if (kind == Kind::Node) {
    const auto node = state.nodes.find(NodeKey{row.key});
    if (node != state.nodes.end()) add_node(known, node->second.status);
  }
  if (kind == Kind::JobSchedule) {
    const auto schedule = state.schedules.find(ScheduleKey{row.key});
    if (schedule != state.schedules.end()) add_schedule(known, schedule->second.status);
  }
  return filter.rules_out(known.all());
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

ScheduleKey the_schedule(const Change& change, const Call& call) {
  return ScheduleKey{find(change, Kind::JobSchedule, 0, call.path.get("jobScheduleId"), errors::kJobScheduleNotFound)};
}

Document patched(Document document, const Call& call) {
  const Document body = contract::normalise(*call.operation.body, call.body);
  for (const auto& [name, value] : body.items()) document[name] = value;
  return document;
}

Document replaced(Document document, const Call& call) {
  for (const contract::Field& field : call.operation.body->fields) document.erase(std::string(field.name));
  return patched(std::move(document), call);
}

void require_ready(const Node& node) {
  switch (node.status.state) {
    case NodeState::Idle:
    case NodeState::Running:
      return;
    case NodeState::Creating:
      throw Error(errors::kNodeBeingCreated);
    case NodeState::Starting:
    case NodeState::WaitingForStartTask:
      throw Error(errors::kNodeBeingStarted);
    case NodeState::Rebooting:
      throw Error(errors::kNodeBeingRebooted);
    case NodeState::Reimaging:
      throw Error(errors::kNodeBeingReimaged);
    default:
      throw Error(errors::kNodeStateUnusable);
  }
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

void check_condition_headers(const Call& call) {
  if (call.operation.conditions == contract::Conditions::None) return;
  const bool all = call.operation.conditions == contract::Conditions::All;
  const bool match = all && call.headers.find("If-Match"), none_match = all && call.headers.find("If-None-Match");
  const std::string* since = call.headers.find("If-Modified-Since");
  const std::string* until = call.headers.find("If-Unmodified-Since");
  const int given = match + none_match + (since != nullptr) + (until != nullptr);
  const bool pair = given == 2 && ((none_match && since) || (match && until));
  if (given > 1 && !pair) throw Error(errors::kMultipleConditionHeadersNotSupported);
  for (const auto& [name, value] : {std::pair("If-Modified-Since", since), std::pair("If-Unmodified-Since", until)}) {
    if (value && !parse_http_date(*value)) {
      throw Error(errors::kInvalidHeaderValue, {{"HeaderName", name}, {"HeaderValue", *value}});
    }
  }
}

void check_conditions(const Call& call, Time modified) {
  if (call.operation.conditions == contract::Conditions::None) return;
  const bool all = call.operation.conditions == contract::Conditions::All;
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
  const std::string* match = all ? call.headers.find("If-Match") : nullptr;
  const std::string* none_match = all ? call.headers.find("If-None-Match") : nullptr;
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

Reply one(const Call& call, Document document, std::optional<Time> modified) {
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
      value.push_back(selected(call, with_statistics(change, call, kind, row.key, std::move(document))));
    }
  }
  Document body = {{"value", std::move(value)}};
  if (more) body["odata.nextLink"] = next_link(change.base_url(), call, last);
  return Reply{.status = call.operation.status, .body = std::move(body)};
}

Reply page_of(const std::string& base, const Call& call, const Document& items) {
  const std::string token = call.query.get("$skiptoken", "0");
  std::size_t first = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), first);
  if (error != std::errc() || end != token.data() + token.size()) {
    throw Error(errors::kInvalidQueryParameterValue, {{"QueryParameterName", "$skiptoken"},
                                                      {"QueryParameterValue", token},
                                                      {"Reason", "It was not given out for this list"}});
  }
  Document value = Document::array();
  const std::size_t limit = page_size(call);
  for (std::size_t i = first; i < items.size() && value.size() < limit; ++i) value.push_back(selected(call, items[i]));
  const std::size_t next = first + value.size();
  Document body = {{"value", std::move(value)}};
  if (next < items.size()) body["odata.nextLink"] = next_link(base, call, std::to_string(next));
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
std::string schedule_url(const Change& change, std::string_view schedule_id) {
  return change.base_url() + "/jobschedules/" + std::string(schedule_id);
}
std::string task_url(const Change& change, std::string_view job_id, std::string_view task_id) {
  return job_url(change, job_id) + "/tasks/" + std::string(task_id);
}

}  // namespace batchite
