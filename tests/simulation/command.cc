#include "tests/simulation/command.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "tests/simulation/pauses.h"

namespace batchite::simulation {
namespace {

int pick(Random& random, int below) { return static_cast<int>(random.next() % static_cast<std::uint64_t>(below)); }

int random_argument(Random& random, const Parameter& parameter) {
  if (parameter.prefix.empty() && pick(random, 100) < 65) return 0;
  return pick(random, parameter.below);
}

Command random_command(Random& random, const Kind& kind) {
  Command command{&kind};
  constexpr int kAll = static_cast<int>(std::size(kPauses));
  command.pause = std::min(pick(random, kAll), pick(random, kAll));  // long ones are rare
  for (const Parameter& parameter : kind.parameters) command.arguments.push_back(random_argument(random, parameter));
  return command;
}

const Kind& random_kind(Random& random) {
  static const int total =
      std::accumulate(kinds().begin(), kinds().end(), 0, [](int sum, const Kind& kind) { return sum + kind.weight; });
  int left = pick(random, total);
  for (const Kind& kind : kinds()) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw std::logic_error("weights do not add up");
}

std::string argument_text(const Parameter& parameter, int value) {
  if (!parameter.prefix.empty()) return fmt::format(" {}{}", parameter.prefix, value);
  if (value == 0) return "";
  if (parameter.words.empty()) return fmt::format(" {}={}", parameter.name, value);
  return fmt::format(" {}={}", parameter.name, parameter.words[static_cast<std::size_t>(value)]);
}

}  // namespace

int Command::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < kind->parameters.size(); ++i) {
    if (kind->parameters[i].name == name) return arguments[i];
  }
  throw std::logic_error(fmt::format("{} has no {}", kind->name, name));
}

History random_history(std::uint64_t seed, int steps) {
  Random random(seed);
  History history;
  for (const Kind& kind : kinds()) {
    if (kind.weight == 0) history.push_back(random_command(random, kind));
  }
  for (int i = 0; i < steps; ++i) history.push_back(random_command(random, random_kind(random)));
  return history;
}

std::string to_text(const Command& command) {
  const std::string pause = command.pause == 0 ? "" : fmt::format("+{}", kPauses[command.pause].text);
  std::string text = fmt::format("{:<7}{}", pause, command.kind->name);
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    text += argument_text(command.kind->parameters[i], command.arguments[i]);
  }
  return text;
}

std::string to_text(const History& history) {
  std::string text;
  for (const Command& command : history) text += to_text(command) + "\n";
  return text;
}

}  // namespace batchite::simulation
