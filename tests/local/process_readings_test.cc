#include "backends/local/process_readings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/process.hpp>
#include <chrono>

namespace batchite {
namespace {

namespace bp = boost::process;

// What is read of this test's children, once `enough` says so.
std::map<std::string, Usage> read_until(const std::function<bool(std::map<std::string, Usage>&)>& enough) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    std::map<std::string, Usage> found = read_processes(getpid());
    if (enough(found) || std::chrono::steady_clock::now() > end) return found;
  }
}

TEST(ProcessReadings, ATreeOfProcessesCountsForThePoolOfItsNode) {
  bp::group all;  // ended together
  // The outer shell has the variable, the inner one has lost it and works.
  bp::child busy(all, "/bin/sh", "-c", "env -i /bin/sh -c 'while :; do :; done'; true",
                 bp::env["AZ_BATCH_POOL_ID"] = "p");
  bp::child idle(all, "/bin/sleep", "1000", bp::env["AZ_BATCH_POOL_ID"] = "q");
  // In the middle of an exec a process has no memory.
  const auto found =
      read_until([](auto& pools) { return pools["p"].user > Ticks::zero() && pools["q"].peak_memory > 0; });
  EXPECT_GT(found.at("p").user, Ticks::zero());
  EXPECT_EQ(found.at("q").user, Ticks::zero());
  EXPECT_GT(found.at("q").peak_memory, 0);
  EXPECT_EQ(found.size(), 2U) << "this test itself is in no pool";
  all.terminate();
  busy.wait();
  idle.wait();
}

TEST(ProcessReadings, NothingIsReadOfAProcessThatIsGone) {
  bp::child gone("/bin/true");
  gone.wait();
  EXPECT_TRUE(read_processes(gone.id()).empty());
}

}  // namespace
}  // namespace batchite
