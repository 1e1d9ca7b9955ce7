// What a change did, told to whoever watches (Backend::watch): one document a state that became another.
#pragma once
#include <vector>

#include "core/base/document.h"
#include "core/change.h"

namespace batchite {

// REQUIRES: the rows of what is erased are still in the store; `effects.touched` is without repetitions.
std::vector<Document> announcements(const Change& change, const Effects& effects);

}  // namespace batchite
