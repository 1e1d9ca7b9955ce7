// The backend lives in the time that it is given.
#include "backends/system/real.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

TEST_F(LocalBackendTest, TimesAreThoseOfTheClockThatItWasGiven) {
  const Ticks ahead = std::chrono::hours(24 * 365 * 20);
  LocalOptions with = options();
  with.clock = [ahead] { return clock_now() + ahead; };
  open(with);
  nodes(1);
  const Document info = run(shell("t", "exit 0"));
  const std::string earliest = iso8601(clock_now() + ahead - std::chrono::hours(1));
  EXPECT_GT(ask("Job_Get", {.path = {{"jobId", "j"}}}).body["creationTime"].get<std::string>(), earliest);
  EXPECT_GT(info["startTime"].get<std::string>(), earliest);
  EXPECT_GE(info["endTime"].get<std::string>(), info["startTime"].get<std::string>());
}

}  // namespace
}  // namespace batchite
