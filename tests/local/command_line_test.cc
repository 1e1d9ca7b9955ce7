#include "backends/local/command_line.h"

#include <gmock/gmock.h>

namespace batchite {
namespace {

using testing::ElementsAreArray;

struct Case {
  const char* line;
  std::vector<std::string> arguments;
};

TEST(CommandLine, IsCutAsALinuxNodeCutsIt) {
  const Case cases[] = {
      {"", {}},
      {" \t\n ", {}},
      {"hostname", {"hostname"}},
      {"  echo   a\tb\n", {"echo", "a", "b"}},
      {"/bin/bash -c \"echo test\"", {"/bin/bash", "-c", "echo test"}},
      {"/bin/bash -c 'set -e; set -o pipefail; apt-get update'",
       {"/bin/bash", "-c", "set -e; set -o pipefail; apt-get update"}},
      {"/bin/bash -c \"apt-get update && apt-get install -y ffmpeg\"",
       {"/bin/bash", "-c", "apt-get update && apt-get install -y ffmpeg"}},
      {"a\"b c\"d", {"ab cd"}},
      {"'a'\"b\"c", {"abc"}},
      {"x \"\" '' y", {"x", "", "", "y"}},
      {"'it\"s' \"it's\"", {"it\"s", "it's"}},
      {R"(sh -c "echo \"hi\" \\ \$HOME \n")", {"sh", "-c", R"(echo "hi" \ \$HOME \n)"}},
      {R"('no \escape \' x)", {R"(no \escape \)", "x"}},
      {R"(a\ b \"c\" \\ \')", {"a b", "\"c\"", "\\", "'"}},
      {R"(ends\)", {R"(ends\)"}},
      {R"("ends\)", {R"(ends\)"}},
      {"\"never closed here", {"never closed here"}},
      {"echo $HOME *.txt a|b >c && d", {"echo", "$HOME", "*.txt", "a|b", ">c", "&&", "d"}},
      {"python3 -c \"import sys; print('x y')\"", {"python3", "-c", "import sys; print('x y')"}},
      {"ffmpeg -i \"Größe 1.mp4\" out.mp3", {"ffmpeg", "-i", "Größe 1.mp4", "out.mp3"}},
  };
  for (const Case& each : cases) {
    EXPECT_THAT(split_command_line(each.line), ElementsAreArray(each.arguments)) << each.line;
  }
}

}  // namespace
}  // namespace batchite
