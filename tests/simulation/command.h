// What histories are made of: commands that stand for themselves. A command names what it is about by an id or by its
// place ("the second node of p1") and all its arguments are small numbers, so that it means something wherever it
// stands; where it does not apply, it does nothing. That is why a history stays one when parts of it are left out.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"

namespace batchite::simulation {

class Simulation;
struct Command;

// An argument: a number below `below`. 0 is the plainest: it is drawn most often, shrinking leads to it, and stories
// leave it out.
struct Parameter {
  std::string_view name;
  int below = 2;
  std::span<const std::string_view> words = {};  // what the numbers mean; empty: themselves
  std::string_view prefix = {};  // of something's id, which stories never leave out: "p" makes p0, p1 …
};

// A row of the table in kinds.cc.
struct Kind {
  std::string_view name;
  int weight;  // how often it is drawn, compared with the others; 0: only at the beginning
  std::span<const Parameter> parameters;
  void (*perform)(Simulation&, const Command&);
};

struct Command {
  const Kind* kind = nullptr;
  int pause = 0;                    // which of kPauses passes before
  std::vector<int> arguments = {};  // one for each of the kind's parameters

  // By name. Throws std::logic_error when the kind has no such parameter.
  int operator[](std::string_view name) const;
};
using History = std::vector<Command>;

std::span<const Kind> kinds();

// The same for the same seed.
History random_history(std::uint64_t seed, int steps);

// "+20s  reboot_node p1 node=2 drain=terminate"
std::string to_text(const Command& command);
std::string to_text(const History& history);  // a line each

}  // namespace batchite::simulation
