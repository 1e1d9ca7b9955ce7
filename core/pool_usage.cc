#include "core/pool_usage.h"

#include <algorithm>

#include "core/base/document.h"
#include "core/base/ids.h"

namespace batchite {
namespace {

constexpr std::size_t kRowsAtATime = 1000;

}  // namespace

Time usage_window(Time time) { return time - time.time_since_epoch() % kUsageWindow; }

void add_use(WindowUses& windows, const PoolUse& use, const std::string& pool_id, const std::string& vm_size) {
  for (Time start = usage_window(use.from); start < use.to; start += kUsageWindow) {
    const Ticks within = std::min(use.to, start + kUsageWindow) - std::max(use.from, start);
    WindowUse& window = windows[iso8601(start) + " " + fold(pool_id) + " " + fold(vm_size)];
    window.start = start;
    window.pool_id = pool_id;
    window.vm_size = vm_size;
    window.core_time += within * use.cores;
  }
}

WindowUses read_uses(Store& store, Time first, Time last) {
  WindowUses windows;
  std::string after = iso8601(first);
  while (true) {
    const std::vector<Listed> rows = store.list(Kind::Usage, 0, after, kRowsAtATime);
    for (const Listed& listed : rows) {
      const auto start = parse_iso8601(listed.id.substr(0, listed.id.find(' ')));
      if (!start || *start > last) return windows;
      const Row row = store.get(Kind::Usage, listed.key);
      const Document spec = Document::parse(row.spec);
      windows[listed.id] = {*start, spec["poolId"], spec["vmSize"], Ticks(std::stoll(row.status))};
      after = listed.id;
    }
    if (rows.size() < kRowsAtATime) return windows;
  }
}

void keep_uses(Store& store, const WindowUses& more) {
  for (const auto& [id, window] : more) {
    if (const auto key = store.find(Kind::Usage, 0, id)) {
      const Ticks before{std::stoll(store.get(Kind::Usage, *key).status)};
      store.put_status(Kind::Usage, *key, std::to_string((before + window.core_time).count()));
    } else {
      const Document spec = {{"poolId", window.pool_id}, {"vmSize", window.vm_size}};
      store.insert(Kind::Usage, {.id = id, .spec = spec.dump(), .status = std::to_string(window.core_time.count())});
    }
  }
}

}  // namespace batchite
