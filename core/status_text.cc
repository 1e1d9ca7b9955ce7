#include "core/status_text.h"

#include <bit>
#include <charconv>

#include "core/base/error.h"

namespace batchite {
namespace {

constexpr std::int64_t kVersion = 6;

// "12 5:hello 0 " — numbers in decimal, texts with their length before them.
class Writer {
 public:
  void number(std::int64_t value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    text_.append(buffer, end);
    text_ += ' ';
  }
  void text(const std::string& value) {
    number(static_cast<std::int64_t>(value.size()));
    text_ += value;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}
  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || end == rest_.data() + rest_.size()) damaged();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()) + 1);
    return value;
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number());
    if (size > rest_.size()) damaged();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }

 private:
  [[noreturn]] static void damaged() { throw Error(500, "InternalError", "A status in the database is damaged."); }
  std::string_view rest_;
};

// Both directions of every type that occurs.
struct Out {
  Writer& to;
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_same_v<T, Time>) {
      to.number(value.time_since_epoch().count());
    } else if constexpr (std::is_same_v<T, Ticks>) {
      to.number(value.count());
    } else if constexpr (std::is_same_v<T, std::string>) {
      to.text(value);
    } else {
      to.number(static_cast<std::int64_t>(value));
    }
  }
  void operator()(const Targets& value) {
    to.number(value.dedicated);
    to.number(value.low_priority);
  }
  template <class A, class B>
  void operator()(const std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    to.number(static_cast<std::int64_t>(values.size()));
    for (const T& value : values) (*this)(value);
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    to.number(value ? 1 : 0);
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const std::unique_ptr<T>& value) {
    to.number(value ? 1 : 0);
    if (value) (*this)(*value);
  }
  void operator()(const std::shared_ptr<const TaskExtras>& value) {
    to.number(value ? 1 : 0);
    if (value) (*this)(*value);
  }
  void operator()(float value) {
    to.number(std::int64_t{std::bit_cast<std::int32_t>(value)});  // exactly, and as short as most numbers
  }
  void operator()(const Failure& value);
  void operator()(const ScaleRun& value);
  void operator()(const StartTaskStatus& value);
  void operator()(const JobTaskStatus& value);
  void operator()(const JobSums& value);
  void operator()(const PoolSums& value);
  void operator()(const ExitOptions& value);
  void operator()(const ExitConditions::Range& value);
  void operator()(const TaskExtras& value);
  void operator()(const ManagerSpec& value);
  void operator()(const Instance& value);
  bool has(std::int64_t /*version*/) const { return true; }
};

struct In {
  TextReader& from;
  std::int64_t version;
  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_same_v<T, Time>) {
      value = Time(Ticks(from.number()));
    } else if constexpr (std::is_same_v<T, Ticks>) {
      value = Ticks(from.number());
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = from.text();
    } else {
      value = static_cast<T>(from.number());
    }
  }
  void operator()(Targets& value) {
    value.dedicated = static_cast<int>(from.number());
    value.low_priority = static_cast<int>(from.number());
  }
  template <class A, class B>
  void operator()(std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.clear();
    for (auto count = from.number(); count > 0; --count) (*this)(values.emplace_back());
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    value.reset();
    if (from.number() != 0) (*this)(value.emplace());
  }
  template <class T>
  void operator()(std::unique_ptr<T>& value) {
    value.reset();
    if (from.number() != 0) (*this)(*(value = std::make_unique<T>()));
  }
  void operator()(std::shared_ptr<const TaskExtras>& value) {
    value.reset();
    if (from.number() == 0) return;
    auto extras = std::make_shared<TaskExtras>();
    (*this)(*extras);
    value = std::move(extras);
  }
  void operator()(float& value) { value = std::bit_cast<float>(static_cast<std::int32_t>(from.number())); }
  void operator()(Failure& value);
  void operator()(ScaleRun& value);
  void operator()(StartTaskStatus& value);
  void operator()(JobTaskStatus& value);
  void operator()(JobSums& value);
  void operator()(PoolSums& value);
  void operator()(ExitOptions& value);
  void operator()(ExitConditions::Range& value);
  void operator()(TaskExtras& value);
  void operator()(ManagerSpec& value);
  void operator()(Instance& value);
  bool has(std::int64_t wanted) const { return version >= wanted; }
};

// The maps: what is kept, in which order; v.has(n): for what came with version n. Status is const when written and
// mutable when read.
template <class V, class S>
void map_failure(V&& v, S& s) {
  v(s.category), v(s.code), v(s.message), v(s.details);
}
template <class V, class S>
void map_usage(V&& v, S& s) {
  v(s.user), v(s.kernel), v(s.read), v(s.written), v(s.peak_memory);
}
template <class V, class S>
void map_job_sums(V&& v, S& s) {
  map_usage(v, s.usage);
  v(s.wall), v(s.wait), v(s.succeeded), v(s.failed), v(s.retries);
}
template <class V, class S>
void map_pool_sums(V&& v, S& s) {
  map_usage(v, s.usage);
  v(s.dedicated), v(s.low_priority);
}
template <class V, class S>
void map_totals(V&& v, S& s) {
  v(s.since), v(s.jobs), v(s.pools);
}
template <class V, class S>
void map_start_task(V&& v, S& s) {
  v(s.running), v(s.started), v(s.ended), v(s.exit_code), v(s.retries), v(s.last_retry), v(s.failure);
}
template <class V, class S>
void map_scale_run(V&& v, S& s) {
  v(s.time), v(s.results), v(s.error);
}
template <class V, class S>
void map_pool(V&& v, S& s) {
  v(s.state), v(s.state_since), v(s.allocation), v(s.allocation_since), v(s.created), v(s.modified), v(s.target);
  v(s.current), v(s.resize_timeout), v(s.drain), v(s.resize_errors);
  if (v.has(2)) v(s.sums), v(s.counted);
  if (v.has(4)) v(s.scale_run), v(s.scale_at), v(s.scale_asked);
}
template <class V, class S>
void map_node(V&& v, S& s) {
  v(s.pool), v(s.dedicated), v(s.state), v(s.state_since), v(s.allocated), v(s.last_boot), v(s.scheduling_enabled);
  v(s.boot), v(s.start_task), v(s.tasks_run), v(s.tasks_succeeded), v(s.error), v(s.emptied);
  v(s.pending), v(s.drain);
  if (v.has(3)) v(s.preempt_at), v(s.away);
}
template <class V, class S>
void map_job(V&& v, S& s) {
  v(s.state), v(s.state_since), v(s.previous_state), v(s.previous_since), v(s.created), v(s.modified), v(s.started);
  v(s.ended), v(s.terminate_reason), v(s.disable);
  if (v.has(2)) v(s.sums);
  if (v.has(3)) v(s.schedule), v(s.auto_pool), v(s.scheduling_error);
}
template <class V, class S>
void map_schedule(V&& v, S& s) {
  v(s.state), v(s.state_since), v(s.previous_state), v(s.previous_since), v(s.created), v(s.modified), v(s.next);
  v(s.latest), v(s.waiting), v(s.ended), v(s.last_job), v(s.auto_pool), v(s.erased);
}
template <class V, class S>
void map_job_task(V&& v, S& s) {
  v(s.state), v(s.attempt), v(s.retries), v(s.started), v(s.ended), v(s.last_retry), v(s.exit_code), v(s.failure);
}
template <class V, class S>
void map_job_node(V&& v, S& s) {
  v(s.preparation), v(s.release), v(s.is_prepared), v(s.is_barred), v(s.owes_release);
}
template <class V, class S>
void map_exit_options(V&& v, S& s) {
  v(s.job), v(s.dependency);
}
template <class V, class S>
void map_exit_range(V&& v, S& s) {
  v(s.first), v(s.last), v(s.options);
}
template <class V, class S>
void map_extras(V&& v, S& s) {
  v(s.id), v(s.dependencies.ids), v(s.dependencies.ranges), v(s.exit.codes), v(s.exit.ranges);
  v(s.exit.pre_processing_error), v(s.exit.upload_error), v(s.exit.otherwise);
  if (v.has(5)) v(s.manager);
  if (v.has(6)) v(s.instances);
}
template <class V, class S>
void map_manager(V&& v, S& s) {
  v(s.kills_job), v(s.is_exclusive), v(s.allows_low_priority);
}
template <class V, class S>
void map_instance(V&& v, S& s) {
  v(s.node), v(s.coordinated), v(s.state), v(s.previous_state), v(s.state_since), v(s.previous_since), v(s.started);
  v(s.ended), v(s.exit_code), v(s.failure);
}
template <class V, class S>
void map_task(V&& v, S& task) {
  v(task.spec.required_slots), v(task.spec.max_retries), v(task.spec.retention), v(task.spec.affinity);
  auto& s = task.status;
  v(s.state), v(s.previous_state), v(s.files_removed), v(s.has_exit_code), v(s.exit_code), v(s.attempt), v(s.retries);
  v(s.requeues), v(s.node), v(s.state_since), v(s.previous_since), v(s.modified), v(s.created), v(s.started),
      v(s.ended);
  v(s.last_retry), v(s.last_requeue), v(s.failure);
  if (v.has(2)) v(s.usage.user), v(s.usage.kernel), v(s.usage.read), v(s.usage.written);
  if (v.has(3)) v(task.spec.extras), v(s.released), v(s.satisfies);
  if (v.has(6)) v(s.instances);
}

void Out::operator()(const Failure& value) { map_failure(*this, value); }
void Out::operator()(const ScaleRun& value) { map_scale_run(*this, value); }
void Out::operator()(const StartTaskStatus& value) { map_start_task(*this, value); }
void Out::operator()(const JobTaskStatus& value) { map_job_task(*this, value); }
void Out::operator()(const JobSums& value) { map_job_sums(*this, value); }
void Out::operator()(const PoolSums& value) { map_pool_sums(*this, value); }
void Out::operator()(const ExitOptions& value) { map_exit_options(*this, value); }
void Out::operator()(const ExitConditions::Range& value) { map_exit_range(*this, value); }
void Out::operator()(const TaskExtras& value) { map_extras(*this, value); }
void Out::operator()(const ManagerSpec& value) { map_manager(*this, value); }
void Out::operator()(const Instance& value) { map_instance(*this, value); }
void In::operator()(Instance& value) { map_instance(*this, value); }
void In::operator()(JobTaskStatus& value) { map_job_task(*this, value); }
void In::operator()(ExitOptions& value) { map_exit_options(*this, value); }
void In::operator()(ExitConditions::Range& value) { map_exit_range(*this, value); }
void In::operator()(TaskExtras& value) { map_extras(*this, value); }
void In::operator()(ManagerSpec& value) { map_manager(*this, value); }
void In::operator()(JobSums& value) { map_job_sums(*this, value); }
void In::operator()(PoolSums& value) { map_pool_sums(*this, value); }
void In::operator()(Failure& value) { map_failure(*this, value); }
void In::operator()(ScaleRun& value) { map_scale_run(*this, value); }
void In::operator()(StartTaskStatus& value) { map_start_task(*this, value); }

template <class Status, class Map>
std::string write(const Status& status, Map map) {
  Writer writer;
  writer.number(kVersion);
  map(Out{writer}, status);
  return writer.take();
}

template <class Status, class Map>
void read(std::string_view text, Status& status, Map map) {
  TextReader reader(text);
  const std::int64_t version = reader.number();
  if (version < 1 || version > kVersion)
    throw Error(500, "InternalError", "A status in the database is of an unknown version.");
  map(In{reader, version}, status);
}

}  // namespace

std::string to_text(const PoolStatus& status) {
  return write(status, [](auto&& v, auto& s) { map_pool(v, s); });
}
std::string to_text(const NodeStatus& status) {
  return write(status, [](auto&& v, auto& s) { map_node(v, s); });
}
std::string to_text(const JobStatus& status) {
  return write(status, [](auto&& v, auto& s) { map_job(v, s); });
}
std::string to_text(const JobNodeStatus& status) {
  return write(status, [](auto&& v, auto& s) { map_job_node(v, s); });
}
std::string to_text(const ScheduleStatus& status) {
  return write(status, [](auto&& v, auto& s) { map_schedule(v, s); });
}
std::string to_text(const AccountTotals& totals) {
  return write(totals, [](auto&& v, auto& s) { map_totals(v, s); });
}
std::string to_text(const Task& status) {
  return write(status, [](auto&& v, auto& s) { map_task(v, s); });
}
void from_text(std::string_view text, PoolStatus& status) {
  read(text, status, [](auto&& v, auto& s) { map_pool(v, s); });
}
void from_text(std::string_view text, NodeStatus& status) {
  read(text, status, [](auto&& v, auto& s) { map_node(v, s); });
}
void from_text(std::string_view text, JobStatus& status) {
  read(text, status, [](auto&& v, auto& s) { map_job(v, s); });
}
void from_text(std::string_view text, JobNodeStatus& status) {
  read(text, status, [](auto&& v, auto& s) { map_job_node(v, s); });
}
void from_text(std::string_view text, ScheduleStatus& status) {
  read(text, status, [](auto&& v, auto& s) { map_schedule(v, s); });
}
void from_text(std::string_view text, AccountTotals& totals) {
  read(text, totals, [](auto&& v, auto& s) { map_totals(v, s); });
}
void from_text(std::string_view text, Task& status) {
  read(text, status, [](auto&& v, auto& s) { map_task(v, s); });
}

}  // namespace batchite
