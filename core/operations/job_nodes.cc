// What became of a job's preparation and release tasks, node by node. Sources:
// learn.microsoft.com/rest/api/batchservice/job/list-preparation-and-release-task-status, and recorded answers (409
// JobPreparationTaskOrReleaseTaskNotSpecified for a job with neither, an empty list while nothing has run).
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

struct Place {
  const NodeName& node;
  std::string job_id;
  std::string task_id;
};

Document execution_info(const Change& change, const Place& place, const JobTaskStatus& status) {
  const bool is_over = status.state == JobTaskStatus::State::Completed;
  const std::string directory = task_directory(place.job_id, place.task_id);
  Document info = {{"startTime", iso8601(status.started)}};
  if (is_over) info["endTime"] = iso8601(status.ended);
  info["state"] = is_over ? "completed" : "running";
  info["taskRootDirectory"] = directory;
  info["taskRootDirectoryUrl"] = node_url(change, place.node) + "/files/" + directory;
  if (is_over && status.exit_code) info["exitCode"] = *status.exit_code;
  if (status.failure) info["failureInfo"] = render_failure(*status.failure);
  return info;
}

void put_result(Document& info, const JobTaskStatus& status) {
  if (status.state == JobTaskStatus::State::Completed) info["result"] = status.failure ? "failure" : "success";
}

Document preparation_info(const Change& change, const Place& place, const JobTaskStatus& status) {
  Document info = execution_info(change, place, status);
  info["retryCount"] = status.retries;
  if (status.last_retry != kNever) info["lastRetryTime"] = iso8601(status.last_retry);
  put_result(info, status);
  return info;
}

Document release_info(const Change& change, const Place& place, const JobTaskStatus& status) {
  Document info = execution_info(change, place, status);
  put_result(info, status);
  return info;
}

Document render_job_nodes(const Change& change, JobKey key) {
  const Row row = change.read().get(Kind::Job, number(key));
  const Document job = Document::parse(row.spec);
  const std::string preparation_id = Reader(job_task(job, JobTask::Preparation)).text("id");
  const std::string release_id = Reader(job_task(job, JobTask::Release)).text("id");
  Document items = Document::array();
  for (const auto& [node, status] : change.state().jobs.at(key).nodes) {
    const NodeName& name = change.name_of(node);
    Document item = {{"poolId", name.pool_id}, {"nodeId", name.node_id}, {"nodeUrl", node_url(change, name)}};
    if (status.preparation.started != kNever) {
      item["jobPreparationTaskExecutionInfo"] =
          preparation_info(change, {name, row.id, preparation_id}, status.preparation);
    }
    if (status.release.started != kNever) {
      item["jobReleaseTaskExecutionInfo"] = release_info(change, {name, row.id, release_id}, status.release);
    }
    items.push_back(std::move(item));
  }
  return items;
}

Answer list_status(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  // A release task does not come without a preparation task.
  if (!change.state().jobs.at(key).spec.preparation) {
    throw Error(errors::kJobPreparationTaskOrReleaseTaskNotSpecified);
  }
  const std::optional<Filter> filter = filter_of(call);
  Document kept = Document::array();
  for (Document& item : render_job_nodes(change, key)) {
    if (!filter || filter->matches(item)) kept.push_back(std::move(item));
  }
  return page_of(change.base_url(), call, kept);
}

constexpr OperationRow kJobNodes[] = {
    {"Job_ListPreparationAndReleaseTaskStatus", list_status},
};

}  // namespace

std::span<const OperationRow> job_node_operations() { return kJobNodes; }

}  // namespace batchite
