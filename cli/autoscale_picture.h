// A formula's targets over a day, as an SVG: the tasks that waited behind, the targets as steps before them. Readable
// on light and dark pages.
#pragma once
#include <string>
#include <vector>

#include "cli/autoscale_day.h"

namespace batchite::cli {

std::string draw(const std::vector<Run>& runs, const Day& day, const std::string& title);

}  // namespace batchite::cli
