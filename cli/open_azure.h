// The backends that are somewhere else: Azure, and an emulator that `start` serves.
#pragma once
#include "cli/surroundings.h"

namespace batchite::cli {

// Throws UsageError naming what is missing.
OpenBackend open_azure(const Globals& globals, const Serving& serving, const Surroundings& surroundings);
OpenBackend open_emulator(const Globals& globals, const Serving& serving, const Surroundings& surroundings);

}  // namespace batchite::cli
