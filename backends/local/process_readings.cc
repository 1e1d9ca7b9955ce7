#include "backends/local/process_readings.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPoolVariable = "AZ_BATCH_POOL_ID=";

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Ticks of_clock(std::int64_t clock_ticks) {
  static const std::int64_t per_second = sysconf(_SC_CLK_TCK);
  return std::chrono::duration_cast<Ticks>(std::chrono::duration<double>(double(clock_ticks) / double(per_second)));
}

// Children that it has waited for are in it; others have their own.
void add_stat(const fs::path& process, Usage& usage) {
  const std::string stat = content_of(process / "stat");
  const std::size_t name_end = stat.rfind(')');  // the name may have anything in it
  if (name_end == std::string::npos) return;
  std::istringstream rest(stat.substr(name_end + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};  // from field 3, the state
  constexpr std::size_t kUser = 11, kKernel = 12, kChildrenUser = 13, kChildrenKernel = 14, kResident = 21;
  if (fields.size() <= kResident) return;
  const auto number = [&fields](std::size_t at) { return std::stoll(fields[at]); };
  static const std::int64_t page = sysconf(_SC_PAGESIZE);
  usage.user += of_clock(number(kUser) + number(kChildrenUser));
  usage.kernel += of_clock(number(kKernel) + number(kChildrenKernel));
  usage.peak_memory += number(kResident) * page;
}

// Other people's are not shown; then there is nothing to add.
void add_io(const fs::path& process, Usage& usage) {
  constexpr std::int64_t kBlock = 512;
  std::ifstream io(process / "io");
  std::int64_t value = 0;
  for (std::string name; io >> name >> value;) {
    if (name == "read_bytes:") usage.read += value / kBlock;
    if (name == "write_bytes:") usage.written += value / kBlock;
  }
}

std::string pool_of_process(const fs::path& process, const std::string& parents) {
  std::istringstream variables(content_of(process / "environ"));
  for (std::string variable; std::getline(variables, variable, '\0');) {
    if (variable.starts_with(kPoolVariable)) return variable.substr(kPoolVariable.size());
  }
  return parents;
}

void visit(const fs::path& process, const std::string& pool, std::map<std::string, Usage>& found) {
  if (!pool.empty()) {
    Usage& usage = found[pool];
    add_stat(process, usage);
    add_io(process, usage);
  }
  std::error_code gone;
  for (fs::directory_iterator thread(process / "task", gone), end; !gone && thread != end; thread.increment(gone)) {
    std::istringstream children(content_of(thread->path() / "children"));
    for (std::string pid; children >> pid;) {
      const fs::path child = fs::path("/proc") / pid;
      visit(child, pool_of_process(child, pool), found);
    }
  }
}

}  // namespace

std::map<std::string, Usage> read_processes(pid_t launcher) {
  std::map<std::string, Usage> found;
  visit(fs::path("/proc") / std::to_string(launcher), "", found);
  return found;
}

}  // namespace batchite
