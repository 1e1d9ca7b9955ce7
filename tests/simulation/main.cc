// Random histories of the scheduler, seed by seed. A seed that fails is shrunk to a short story and printed.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "tests/simulation/history.h"

namespace {

using namespace batchite::simulation;

constexpr const char* kUsage =
    "Usage: batchite_simulation [--seed N | --seeds A..B] [--steps N] [--print]\n"
    "Throws random histories of N commands at the scheduler and checks everything after every event.\n"
    "  --seed N, --seeds A..B  which histories (default 1..100)\n"
    "  --steps N               how long they are (default 800)\n"
    "  --print                 print the history before it is tried\n";

struct Options {
  std::uint64_t first = 1, last = 100;
  int steps = 800;
  bool print = false;
};

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument(fmt::format("'{}' is not a number", text));
  }
  return number;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--print") {
      options.print = true;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(fmt::format("'{}' is not known or lacks its value", flag));
    const std::string_view value = argv[++i];
    const std::size_t dots = value.find("..");
    if (flag == "--seed") {
      options.first = options.last = number_in(value);
    } else if (flag == "--seeds" && dots != std::string_view::npos) {
      options.first = number_in(value.substr(0, dots));
      options.last = number_in(value.substr(dots + 2));
    } else if (flag == "--steps") {
      options.steps = static_cast<int>(number_in(value));
    } else {
      throw std::invalid_argument(fmt::format("'{} {}' is not understood", flag, value));
    }
  }
  return options;
}

void tell(std::uint64_t seed, int steps, const History& history, const std::string& failing) {
  fmt::print("seed {} fails: {}\n", seed, failing);
  std::fflush(stdout);
  const History story = shrunk(history, tried_thoroughly);
  fmt::print("Enough of it, {} of {} commands:\n\n{}\nthen: {}\n", story.size(), history.size(), to_text(story),
             tried_thoroughly(story).value_or(""));
  fmt::print("Again: batchite_simulation --seed {} --steps {}\n", seed, steps);
}

int run(const Options& options) {
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    const History history = random_history(seed, options.steps);
    if (options.print) fmt::print("{}", to_text(history));
    const Failing failing = tried(history);
    if (!failing) continue;
    tell(seed, options.steps, history, *failing);
    return 1;
  }
  fmt::print("seeds {}..{}, {} commands each: all is well\n", options.first, options.last, options.steps);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "{}\n{}", error.what(), kUsage);
    return 2;
  }
}
