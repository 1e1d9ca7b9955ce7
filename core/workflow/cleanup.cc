#include "core/workflow/cleanup.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/workflow/transfer.h"

namespace batchite::workflow {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kNotFound = 404;
constexpr unsigned kConflict = 409;

// The id of the run that made it; empty: no run did, or it is to stay.
std::string run_of(const Document& resource) {
  for (const Document& item : Reader(resource).array("metadata")) {
    if (Reader(item).text("name") == kRunMark) return Reader(item).text("value");
  }
  return "";
}

std::string_view noun(Stage kind) {
  if (kind == Stage::DeleteContainer) return "container";
  return kind == Stage::DeleteJob ? "job" : "pool";
}

}  // namespace

void Cleanup::ask(const Made& made) {
  try {
    if (made.kind == Stage::DeleteContainer) {
      Containers(client_.backend()).remove(made.id);
    } else if (made.kind == Stage::DeleteJob) {
      client_.call("Job_Delete", {{"jobId", made.id}});
    } else {
      client_.call("Pool_Delete", {{"poolId", made.id}});
    }
  } catch (const Error& error) {
    // Gone already, or being deleted already.
    if (error.status() != kNotFound && error.status() != kConflict) throw;
  }
}

void Cleanup::remove(const Made& made) {
  observer_.on(StageStarted{made.kind, made.id});
  const Time begin = pace_.now();
  try {
    ask(made);
    wait_until_gone(made);
  } catch (const Error& error) {
    observer_.on(Notice{fmt::format("{} {} could not be deleted: {}", noun(made.kind), made.id, error.what())});
    left_.push_back(fmt::format("{} {}", noun(made.kind), made.id));
    return;
  }
  observer_.on(StageFinished{made.kind, made.id, pace_.now() - begin});
}

void Cleanup::wait_until_gone(const Made& made) {
  if (made.kind == Stage::DeleteContainer) return;
  const bool is_job = made.kind == Stage::DeleteJob;
  const Manners manners = client_.backend().manners();
  const Time begin = pace_.now();
  while (client_.find(is_job ? "Job_Get" : "Pool_Get", {{is_job ? "jobId" : "poolId", made.id}},
                      {{"$select", "id,state"}})) {
    const Ticks waited = pace_.now() - begin;
    if (waited > manners.patience) {
      observer_.on(Notice{fmt::format("{} {} is still being deleted", noun(made.kind), made.id)});
      return;
    }
    pace_.pause(std::clamp(waited, manners.shortest_pause, manners.longest_pause) / 4);
  }
}

void Cleanup::run() {
  while (!made_.empty()) {
    const Made last = made_.back();
    made_.pop_back();
    remove(last);
  }
}

std::vector<Leftover> Cleanup::leftovers() {
  std::vector<Leftover> left;
  const auto take = [&](Stage kind, const std::string& id, std::string run) {
    if (!run.empty()) left.push_back({{kind, id}, std::move(run)});
  };
  for (const Document& job : client_.list("Job_List")) take(Stage::DeleteJob, Reader(job).text("id"), run_of(job));
  for (const Document& pool : client_.list("Pool_List")) take(Stage::DeletePool, Reader(pool).text("id"), run_of(pool));
  for (const ContainerInfo& container : Containers(client_.backend()).list()) {
    take(Stage::DeleteContainer, container.name, Reader(container.metadata).text(kRunMark));
  }
  return left;
}

void Cleanup::remove(const std::vector<Leftover>& leftovers) {
  if (leftovers.empty()) return;
  observer_.on(StageStarted{Stage::RemoveLeftovers, "", leftovers.size()});
  for (const Leftover& one : leftovers) remove(one.made);
}

}  // namespace batchite::workflow
