// Several calls at once, by threads: a service that is far away has time for more than one.
#pragma once
#include <cstddef>
#include <functional>

namespace batchite::azure {

// Does `work` for 0, 1, … below `count`, `at_once` of them at a time, and calls `told` as Backend::each promises.
using Numbered = std::function<void(std::size_t number)>;
void each_at_once(std::size_t count, std::size_t at_once, const Numbered& work, const Numbered& told);

}  // namespace batchite::azure
