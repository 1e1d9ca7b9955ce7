// The end of a process host, at whatever moment it comes.
#include <gtest/gtest.h>

#include "backends/local/process_host.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

class NothingToStage : public Stager {
 public:
  std::optional<Failure> stage_in(const Document&, const std::filesystem::path&) override { return {}; }
  std::optional<Failure> stage_out(const Document&, const Output&) override { return {}; }
  std::optional<Failure> install(const std::vector<PackageFile>&, const std::filesystem::path&) override { return {}; }
  std::optional<Failure> upload_texts(const TextUpload&) override { return {}; }
};

// Regression: a host that was told to stop just as it took what had woken it waited for the next thing for ever.
TEST(ProcessHostStopTest, ComesAlsoWhileAnOrderIsTaken) {
  const TemporaryDirectory place;
  NodeDirectories directories(place.path());
  NothingToStage stager;
  HostOptions options;
  options.launcher.program = BATCHITE_PROGRAM;
  for (int spin = 0; spin < 300; ++spin) {
    ProcessHost host(directories, stager, options);
    host.start([](const std::vector<Event>&) {});
    host.enqueue({WakeAt{Time::max()}});
    for (std::atomic<int> i = 0; i < spin * 200; ++i) continue;
    host.stop();
  }
}

}  // namespace
}  // namespace batchite
