// What the scheduler calls things: numbers handed out by the store in the order of creation, not reused while it is
// open. They are types of their own, so that a job cannot be passed where a task is meant.
#pragma once
#include <cstdint>

namespace batchite {

enum class PoolKey : std::int64_t {};
enum class NodeKey : std::int64_t {};
enum class JobKey : std::int64_t {};
enum class TaskKey : std::int64_t {};
enum class ScheduleKey : std::int64_t {};

inline constexpr NodeKey kNoNode{0};
inline constexpr PoolKey kNoPool{0};
inline constexpr ScheduleKey kNoSchedule{0};
inline constexpr JobKey kNoJob{0};

template <class Key>
constexpr std::int64_t number(Key key) {
  return static_cast<std::int64_t>(key);
}

}  // namespace batchite
