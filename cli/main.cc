#include <string_view>

#include "backends/local/launcher.h"

int main(int argc, char** argv) {
  using namespace batchite;
  if (argc > 1 && std::string_view(argv[1]) == kLauncherVerb) return launcher_main(kLauncherSocket);
  return 2;
}
