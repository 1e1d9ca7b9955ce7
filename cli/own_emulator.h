// An emulator with the accounts that are there unless others are named, for commands that serve what they open.
#pragma once
#include "cli/program.h"
#include "emulator/emulator.h"

namespace batchite::cli {

// On free ports. Its tokens are signed with a secret of its own. The program outlives what is made of them.
EmulatorOptions own_emulator(const Program& program);

// What the backend behind it has to know.
Serving serving_of(const Emulator& emulator, const EmulatorOptions& options);

}  // namespace batchite::cli
