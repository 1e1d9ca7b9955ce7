#include "core/workflow/file_group.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

TEST(FileGroup, NamesItsContainer) {
  const std::pair<std::string, std::string> cases[] = {
      {"Data", "fgrp-data"},
      {"a", "fgrp-a"},
      {"9-lives", "fgrp-9-lives"},
      {"data__test--", "fgrp-data-test-6640b0b7acfec6867ab146c9cf185206b5f0bdcb"},
      {"DATA__TEST--", "fgrp-data-test-6640b0b7acfec6867ab146c9cf185206b5f0bdcb"},
      {std::string(58, 'a'), "fgrp-" + std::string(58, 'a')},
  };
  for (const auto& [group, container] : cases) EXPECT_EQ(container_name(group), container);
}

TEST(FileGroup, ShortensALongNameToFifteenCharactersAndItsHash) {
  const std::string container = container_name(std::string(59, 'a'));
  EXPECT_EQ(container, "fgrp-aaaaaaaaaaaaaaa-dbc8b8f59ff85a2b1448ed873484b14bf0507246");
  EXPECT_EQ(container.size(), 5U + 15 + 1 + 40);
}

TEST(FileGroup, RefusesNamesThatNoContainerCanHave) {
  for (const char* name : {"", "-x", "_x", "a b", "a.b", "a/b", "été", "--"}) {
    EXPECT_THROW(container_name(name), UsageError) << name;
  }
}

}  // namespace
}  // namespace batchite::workflow
