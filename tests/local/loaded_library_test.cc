#include "backends/loaded/loaded_library.h"

#include <gmock/gmock.h>

#include <functional>

namespace batchite {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& load) {
  try {
    load();
    return "loaded";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(LoadedLibrary, WhatItHasCanBeCalled) {
  const LoadedLibrary math("libm.so.6");
  EXPECT_EQ(math.function<double(double)>("fabs")(-3), 3);
}

TEST(LoadedLibrary, WhatIsMissingIsNamedWithTheCure) {
  EXPECT_THAT(refusal([] { LoadedLibrary("libnowhere.so.9"); }),
              AllOf(HasSubstr("libnowhere.so.9"), HasSubstr("install")));
  EXPECT_THAT(refusal([] { LoadedLibrary("libm.so.6").function<void()>("no_such_function"); }),
              AllOf(HasSubstr("no_such_function"), HasSubstr("newer version")));
}

}  // namespace
}  // namespace batchite
