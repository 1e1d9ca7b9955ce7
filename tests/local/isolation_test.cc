#include "backends/local/isolation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>

#include "backends/local/landlock.h"
#include "core/base/error.h"

namespace batchite {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<ProbeStep> steps_with(bool landlock_works) {
  std::vector<ProbeStep> steps{{.level = Isolation::Process, .name = "process: all", .ok = true},
                               {.level = Isolation::Landlock, .name = "landlock: kernel ABI", .ok = landlock_works}};
  if (!landlock_works) {
    steps.back().error = EOPNOTSUPP;
    steps.back().detail = "Operation not supported";
    steps.back().cure = "add landlock to lsm=";
  }
  steps.push_back({.level = Isolation::Overlay,
                   .name = "overlay",
                   .error = ENOSYS,
                   .detail = "overlay is not available yet",
                   .cure = "another"});
  return steps;
}

std::string refusal(std::string_view asked, HostPackages packages, bool landlock_works) {
  try {
    choose_isolation(asked, packages, steps_with(landlock_works));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Isolation, AutoIsLandlockWhereItWorks) {
  const IsolationChoice choice = choose_isolation("auto", HostPackages::Shim, steps_with(true));
  EXPECT_EQ(choice.level, Isolation::Landlock);
  EXPECT_THAT(choice.warning, IsEmpty());
}

TEST(Isolation, AutoFallsBackToProcessWithAWarningThatNamesTheCause) {
  const IsolationChoice choice = choose_isolation("auto", HostPackages::Shim, steps_with(false));
  EXPECT_EQ(choice.level, Isolation::Process);
  EXPECT_THAT(choice.warning, AllOf(HasSubstr("kernel ABI"), HasSubstr("Operation not supported"),
                                    HasSubstr("add landlock to lsm="), HasSubstr("'process'")));
}

TEST(Isolation, AnExplicitLevelThatCannotBeHadIsRefusedWithStepErrorAndCure) {
  EXPECT_THAT(refusal("landlock", HostPackages::Shim, false),
              AllOf(HasSubstr("--isolation=landlock"), HasSubstr("kernel ABI"), HasSubstr("Operation not supported"),
                    HasSubstr("95"), HasSubstr("add landlock to lsm=")));
  EXPECT_THAT(refusal("overlay", HostPackages::Shim, true), HasSubstr("overlay is not available yet"));
  EXPECT_THAT(refusal("chroot", HostPackages::Shim, true), HasSubstr("auto, process, landlock or overlay"));
  EXPECT_EQ(refusal("process", HostPackages::Shim, false), "accepted");
}

TEST(Isolation, RealPackageManagersNeedTheProcessLevel) {
  const IsolationChoice choice = choose_isolation("auto", HostPackages::Allow, steps_with(true));
  EXPECT_EQ(choice.level, Isolation::Process);
  EXPECT_THAT(choice.warning, IsEmpty());
  EXPECT_THAT(refusal("landlock", HostPackages::Allow, true), HasSubstr("--isolation=process"));
}

TEST(Isolation, ProbesAgreeWithTheKernelAndExplainEachFailure) {
  const std::vector<ProbeStep> steps = probe_isolation();
  const auto landlock =
      std::find_if(steps.begin(), steps.end(), [](const ProbeStep& step) { return step.level == Isolation::Landlock; });
  ASSERT_NE(landlock, steps.end());
  EXPECT_EQ(landlock->ok, landlock_abi() >= kLandlockAbiNeeded);
  for (const ProbeStep& step : steps) {
    EXPECT_EQ(step.cure.empty(), step.ok) << step.name;
    EXPECT_TRUE(step.ok || !step.detail.empty()) << step.name;
  }
}

TEST(Isolation, ProbingLeavesTheCallerAsItWas) {
  probe_isolation();
  EXPECT_EQ(choose_isolation("auto", HostPackages::Shim).level,
            landlock_abi() >= kLandlockAbiNeeded ? Isolation::Landlock : Isolation::Process);
}

TEST(HostPackages, AreShimDenyOrAllow) {
  EXPECT_EQ(parse_host_packages("shim"), HostPackages::Shim);
  EXPECT_EQ(parse_host_packages("deny"), HostPackages::Deny);
  EXPECT_EQ(parse_host_packages("allow"), HostPackages::Allow);
  EXPECT_THROW(parse_host_packages("yes"), UsageError);
}

}  // namespace
}  // namespace batchite
