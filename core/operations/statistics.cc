#include "core/operations/statistics.h"

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"
#include "core/pool_usage.h"

namespace batchite {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr double kBlock = 512;  // bytes

Error bad_parameter(std::string name, std::string value, std::string reason) {
  return Error(errors::kInvalidQueryParameterValue, {{"QueryParameterName", std::move(name)},
                                                     {"QueryParameterValue", std::move(value)},
                                                     {"Reason", std::move(reason)}});
}

bool asks_for_statistics(const Call& call) {
  const std::string* expand = call.query.find("$expand");
  return expand && !expand->empty();  // contract::check_query lets nothing else through
}

double gib(double blocks) { return blocks * kBlock / kGiB; }

// How all statistics begin.
Document head(std::string url, Time since, Time now) {
  return {{"url", std::move(url)}, {"startTime", iso8601(since)}, {"lastUpdateTime", iso8601(now)}};
}

void put_usage(Document& stats, const Usage& usage, Ticks wall) {
  stats["userCPUTime"] = iso8601_duration(usage.user);
  stats["kernelCPUTime"] = iso8601_duration(usage.kernel);
  stats["wallClockTime"] = iso8601_duration(wall);
  stats["readIOps"] = std::to_string(usage.read);
  stats["writeIOps"] = std::to_string(usage.written);
  stats["readIOGiB"] = gib(static_cast<double>(usage.read));
  stats["writeIOGiB"] = gib(static_cast<double>(usage.written));
}

Usage usage_of(const TaskUsage& task) {
  const auto ticks = [](float seconds) {
    // Single precision tells microseconds of anything short, no more.
    return std::chrono::round<std::chrono::microseconds>(std::chrono::duration<double>(seconds));
  };
  return {.user = ticks(task.user),
          .kernel = ticks(task.kernel),
          .read = static_cast<std::int64_t>(task.read),
          .written = static_cast<std::int64_t>(task.written)};
}

Document task_statistics(const TaskStatus& status, std::string url, Time now) {
  Ticks wall{};
  if (status.state == TaskState::Running) wall = now - status.state_since;
  if (status.state == TaskState::Completed && status.previous_state == TaskState::Running) {
    wall = status.state_since - status.previous_since;
  }
  const Time waited_until = status.started != kNever ? status.started : status.ended != kNever ? status.ended : now;
  Document stats = head(std::move(url), status.created, now);
  put_usage(stats, usage_of(status.usage), wall);
  stats["waitTime"] = iso8601_duration(waited_until - status.created);
  return stats;
}

Document job_statistics(const JobSums& sums, std::string url, Time since, Time now) {
  Document stats = head(std::move(url), since, now);
  put_usage(stats, sums.usage, sums.wall);
  stats["numSucceededTasks"] = std::to_string(sums.succeeded);
  stats["numFailedTasks"] = std::to_string(sums.failed);
  stats["numTaskRetries"] = std::to_string(sums.retries);
  stats["waitTime"] = iso8601_duration(sums.wait);
  return stats;
}

Document pool_statistics(const PoolSums& sums, const std::string& url, Time since, Time now) {
  Document usage = head(url, since, now);
  usage.erase("url");
  Document resources = usage;
  usage["dedicatedCoreTime"] = iso8601_duration(sums.dedicated);
  const std::chrono::duration<double> busy = sums.usage.user + sums.usage.kernel,
                                      there = sums.dedicated + sums.low_priority;
  resources["avgCPUPercentage"] = there.count() > 0 ? std::min(100.0, 100 * busy.count() / there.count()) : 0.0;
  resources["avgMemoryGiB"] = 0.0;
  resources["peakMemoryGiB"] = static_cast<double>(sums.usage.peak_memory) / kGiB;
  resources["avgDiskGiB"] = 0.0;
  resources["peakDiskGiB"] = 0.0;
  resources["diskReadIOps"] = std::to_string(sums.usage.read);
  resources["diskWriteIOps"] = std::to_string(sums.usage.written);
  resources["diskReadGiB"] = gib(static_cast<double>(sums.usage.read));
  resources["diskWriteGiB"] = gib(static_cast<double>(sums.usage.written));
  resources["networkReadGiB"] = 0.0;
  resources["networkWriteGiB"] = 0.0;
  Document stats = head(url, since, now);
  stats["usageStats"] = std::move(usage);
  stats["resourceStats"] = std::move(resources);
  return stats;
}

// What the nodes have been used since it was last counted.
PoolUse use_since_counted(PoolKey key, const Pool& pool, Time now) {
  const PoolStatus& status = pool.status;
  const int nodes = status.current.dedicated + status.current.low_priority - pool.deallocated.dedicated -
                    pool.deallocated.low_priority;
  const bool none = status.counted == kNever || status.counted > now;
  return {key, none ? now : status.counted, now, std::int64_t{pool.spec.cores} * nodes};
}

PoolSums sums_of(const Pool& pool, Time now) {
  PoolSums sums = pool.status.sums;
  const PoolUse use = use_since_counted(kNoPool, pool, now);
  const int dedicated = pool.status.current.dedicated - pool.deallocated.dedicated;
  const int low_priority = pool.status.current.low_priority - pool.deallocated.low_priority;
  sums.dedicated += (use.to - use.from) * (dedicated * std::int64_t{pool.spec.cores});
  sums.low_priority += (use.to - use.from) * (low_priority * std::int64_t{pool.spec.cores});
  return sums;
}

Answer lifetime_of_jobs(Change& change, const Call& call) {
  AccountTotals totals = change.state().totals;
  for (const auto& [key, job] : change.state().jobs) accrue(totals.jobs, job.status.sums);
  const Time since = totals.since == kNever ? change.now() : totals.since;
  return Reply{.status = call.operation.status,
               .body = job_statistics(totals.jobs, change.base_url() + "/lifetimejobstats", since, change.now())};
}

Answer lifetime_of_pools(Change& change, const Call& call) {
  AccountTotals totals = change.state().totals;
  for (const auto& [key, pool] : change.state().pools) accrue(totals.pools, sums_of(pool, change.now()));
  const Time since = totals.since == kNever ? change.now() : totals.since;
  Document stats = pool_statistics(totals.pools, change.base_url() + "/lifetimepoolstats", since, change.now());
  // Recorded without times of their own; the two parts have them.
  stats.erase("startTime");
  stats.erase("lastUpdateTime");
  return Reply{.status = call.operation.status, .body = std::move(stats)};
}

std::optional<Time> time_of(const Call& call, const char* name) {
  const std::string* text = call.query.find(name);
  if (!text || text->empty()) return std::nullopt;
  const auto time = parse_iso8601(*text);
  if (!time) throw bad_parameter(name, *text, "The value has to be an ISO 8601 date and time");
  return time;
}

struct Windows {
  Time first, last;  // their starts, both included; none when last < first
};

// Without times, the last half hour that is over.
Windows windows_of(const Call& call, Time now) {
  const auto start = time_of(call, "starttime");
  const auto end = time_of(call, "endtime");
  if (start && *start > now - std::chrono::minutes(150)) {
    throw bad_parameter("starttime", iso8601(*start), "It has to be at least two and a half hours ago");
  }
  if (end && *end > now - std::chrono::hours(2)) {
    throw bad_parameter("endtime", iso8601(*end), "It has to be at least two hours ago");
  }
  if (start && end && *end <= *start) {
    throw bad_parameter("endtime", iso8601(*end), "It has to be later than starttime");
  }
  const Time finished = usage_window(now) - kUsageWindow;
  return {start ? usage_window(*start) : finished, end ? usage_window(*end - Ticks(1)) : finished};
}

Answer usage_metrics(Change& change, const Call& call) {
  const Windows asked = windows_of(call, change.now());
  const std::optional<Filter> filter = filter_of(call);
  WindowUses windows = read_uses(change.read(), asked.first, asked.last);
  for (const auto& [key, pool] : change.state().pools) {
    PoolUse use = use_since_counted(key, pool, change.now());
    use.from = std::max(use.from, asked.first);
    use.to = std::min(use.to, asked.last + kUsageWindow);
    if (use.cores == 0 || use.from >= use.to) continue;
    const Row row = change.read().get(Kind::Pool, number(key));
    add_use(windows, use, row.id, Document::parse(row.spec).value("vmSize", ""));
  }
  Document items = Document::array();
  for (const auto& [id, window] : windows) {
    Document item = {{"poolId", window.pool_id},
                     {"startTime", iso8601(window.start)},
                     {"endTime", iso8601(window.start + kUsageWindow)},
                     {"vmSize", window.vm_size},
                     {"totalCoreHours", std::chrono::duration<double, std::ratio<3600>>(window.core_time).count()}};
    if (!filter || filter->matches(item)) items.push_back(std::move(item));
  }
  return page_of(change.base_url(), call, items);
}

constexpr OperationRow kStatistics[] = {
    {"Job_GetAllLifetimeStatistics", lifetime_of_jobs},
    {"Pool_GetAllLifetimeStatistics", lifetime_of_pools},
    {"Pool_ListUsageMetrics", usage_metrics},
};

}  // namespace

Document with_statistics(const Change& change, const Call& call, Kind kind, std::int64_t key, Document document) {
  if (document.is_null() || !asks_for_statistics(call)) return document;
  std::string url = document["url"];
  const State& state = change.state();
  if (kind == Kind::Pool) {
    const Pool& pool = state.pools.at(PoolKey{key});
    document["stats"] = pool_statistics(sums_of(pool, change.now()), url, pool.status.created, change.now());
  } else if (kind == Kind::Job) {
    const JobStatus& status = state.jobs.at(JobKey{key}).status;
    document["stats"] = job_statistics(status.sums, std::move(url), status.created, change.now());
  } else if (kind == Kind::JobSchedule) {
    const Schedule& schedule = state.schedules.at(ScheduleKey{key});
    JobSums sums = schedule.status.erased;
    for (const JobKey job : schedule.jobs) accrue(sums, state.jobs.at(job).status.sums);
    document["stats"] = job_statistics(sums, std::move(url), schedule.status.created, change.now());
  } else if (kind == Kind::Task) {
    document["stats"] = task_statistics(state.tasks.at(TaskKey{key}).status, std::move(url), change.now());
  }
  return document;
}

std::span<const OperationRow> statistics_operations() { return kStatistics; }

}  // namespace batchite
