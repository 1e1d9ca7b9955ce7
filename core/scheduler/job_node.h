// What a job does on a node before its first task there and after its end: the preparation and the release task. A job
// has one JobNodeStatus for every node that it ever prepared, also when the node is gone.
// Source: learn.microsoft.com/rest/api/batchservice/job/add (JobPreparationTask, JobReleaseTask),
// .../batch/batch-job-prep-release.
#pragma once
#include <cstdint>

namespace batchite {

enum class JobTask : std::uint8_t { Preparation, Release };

struct PreparationSpec {
  int max_retries = 0;             // -1: no limit
  bool wait_for_success = true;    // false: tasks do not wait for it, and its failures do not matter
  bool rerun_after_reboot = true;  // although it had succeeded
  bool operator==(const PreparationSpec&) const = default;
};

}  // namespace batchite
