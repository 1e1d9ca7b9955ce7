// A history, tried out; and what of it is enough to make the same thing go wrong.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "tests/simulation/command.h"

namespace batchite::simulation {

// What went wrong; nullopt: nothing. Tried in a process of its own, so that a crash is an answer as well.
using Failing = std::optional<std::string>;
Failing tried(const History& history);
// The same with everything checked after every command: where something goes wrong does not depend then on how many
// commands there are.
Failing tried_thoroughly(const History& history);

// REQUIRES: judge(history) fails. What is left fails with the same words, but for the numbers in them.
using Judge = std::function<Failing(const History&)>;
History shrunk(const History& history, const Judge& judge);

}  // namespace batchite::simulation
