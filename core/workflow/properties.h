// The property names of a template's body: matched without regard to case against the Batch contract and the few the
// templates add (taskFactory, packageReferences, ...), old names turned into today's, values into the property's type.
// Pure; any thread.
#pragma once
#include <string>

#include "core/base/document.h"
#include "core/workflow/report.h"

namespace batchite::workflow {

// `model`: "PoolAddParameter", "JobAddParameter", ... Unknown properties are reported with the nearest known name and
// left out; null members are left out, as Azure's own tools do. A value of the wrong kind is a problem in `report`.
Document normalise(const Document& object, const std::string& model, const std::string& path, Report& report);

// The member called `name` without regard to case, or null.
const Document* find_member(const Document& object, std::string_view name);

}  // namespace batchite::workflow
