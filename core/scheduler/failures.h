// How the scheduler's own failures are told. Texts are the service's, as recordings show them; those of a resize that
// ran out of time follow the recorded one of a stopped resize.
#pragma once
#include "core/scheduler/state.h"

namespace batchite {

Failure exit_code_failure();
Failure task_ended_failure();

// For each kind of node that falls short of (or exceeds) its target.
std::vector<Failure> resize_stopped(const Targets& current, const Targets& target);
std::vector<Failure> resize_timed_out(const Targets& current, const Targets& target);

}  // namespace batchite
