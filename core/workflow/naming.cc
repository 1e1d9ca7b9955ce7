// What a run calls its pool and job, and the requests that make them.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/contract/request.h"
#include "core/workflow/add_tasks.h"
#include "core/workflow/run.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kLongestId = 64;

void name_resource(Document& resource, const std::string& fallback, bool is_chosen, const RunSettings& settings) {
  std::string id = Reader(resource).text("id");
  if (id.empty() || !is_chosen) {
    const std::string suffix = "-" + settings.id;
    id = (id.empty() ? fallback : id).substr(0, kLongestId - suffix.size()) + suffix;
  }
  resource["id"] = id;
  if (settings.keep) return;  // a later run must not take it for a leftover
  if (!Reader(resource).has("metadata")) resource["metadata"] = Document::array();
  resource["metadata"].push_back({{"name", kRunMark}, {"value", settings.id}});
}

Document request(std::string_view operation, const Parameters& path, const Document& body) {
  const contract::Operation* row = contract::find_operation(operation);
  return {{"operation", operation},
          {"method", contract::to_string(row->method)},
          {"path", contract::request_path(*row, path)},
          {"body", body}};
}

// Texts without regard to case: the service lower-cases some. Objects by the members that are wanted, for the service
// adds its defaults.
bool covers(const Document& wanted, const Document& existing) {
  if (wanted.is_object() && existing.is_object()) {
    return std::ranges::all_of(wanted.items(), [&](const auto& member) {
      return member.value().is_null() ||
             (existing.contains(member.key()) && covers(member.value(), existing[member.key()]));
    });
  }
  if (wanted.is_array() && existing.is_array()) {
    if (wanted.size() != existing.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!covers(wanted[i], existing[i])) return false;
    }
    return true;
  }
  if (wanted.is_string() && existing.is_string()) {
    const auto a = parse_duration(wanted.get<std::string>());
    const auto b = parse_duration(existing.get<std::string>());
    return (a && b && *a == *b) || same_id(wanted.get<std::string>(), existing.get<std::string>());
  }
  return wanted == existing;
}

}  // namespace

void name_resources(Work& work, const RunSettings& settings) {
  if (!work.pool.is_null()) {
    const std::string before = Reader(work.pool).text("id");
    name_resource(work.pool, "pool", work.pool_id_is_chosen, settings);
    const Reader info = Reader(work.job).object("poolInfo");
    if (info.has("autoPoolSpecification")) {
      throw UsageError(
          "the job template brings its own pool (poolInfo.autoPoolSpecification): leave the pool template out");
    }
    const std::string named = info.text("poolId");
    if (!named.empty() && !before.empty() && !same_id(named, before)) {
      throw UsageError(
          fmt::format("the job template runs on pool '{}' (poolInfo.poolId), but the pool template makes '{}': "
                      "give both the same id",
                      named, before));
    }
    work.job["poolInfo"] = {{"poolId", work.pool["id"]}};
  }
  name_resource(work.job, "job", work.job_id_is_chosen, settings);
}

std::vector<Document> requests_of(const Work& work) {
  std::vector<Document> requests;
  if (!work.pool.is_null()) requests.push_back(request("Pool_Add", {}, work.pool));
  requests.push_back(request("Job_Add", {}, work.job));
  const Parameters job = {{"jobId", Reader(work.job).text("id")}};
  for (std::size_t first = 0; first < work.tasks.size(); first += kTasksPerRequest) {
    Document chunk = Document::array();
    const std::size_t end = std::min(first + kTasksPerRequest, work.tasks.size());
    for (std::size_t i = first; i < end; ++i) chunk.push_back(work.tasks[i]);
    requests.push_back(request("Task_AddCollection", job, {{"value", chunk}}));
  }
  if (!work.patch_after_tasks.is_null()) requests.push_back(request("Job_Patch", job, work.patch_after_tasks));
  return requests;
}

std::string difference(const Document& wanted, const Document& existing) {
  for (const auto& [name, value] : wanted.items()) {
    if (name == "id" || name == "metadata" || value.is_null()) continue;
    if (!existing.contains(name) || !covers(value, existing[name])) return name;
  }
  return "";
}

}  // namespace batchite::workflow
