// The rules of managing applications (core/management.h). Rows of Kind::Application hold what the answers show but the
// id. Where the packages' bytes lie is only named here; moving them is the backend's work.
// Names of errors that no recording or document tells are in the service's manner.
#pragma once
#include "core/change.h"
#include "core/management.h"

namespace batchite {

Document manage(Change& change, const ManagementCall& call);

}  // namespace batchite
