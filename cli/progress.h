// How a run shows itself while it goes on, on stderr: lines when piped, a block redrawn in place on a terminal,
// warnings only when quiet. One thread.
#pragma once
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "core/workflow/events.h"

namespace batchite::cli {

struct ProgressStyle {
  bool is_quiet = false;
  bool is_live = false;
  bool has_color = false;
  std::string timeout = {};  // as the user wrote it; empty: none
  std::string backend = {};  // as it is to be named to reach what a run leaves; empty: it need not be
};

std::unique_ptr<workflow::Observer> make_progress(std::ostream& err, const ProgressStyle& style);

// "0:00:07.43"
std::string clock_text(Ticks duration);
// The line that says what begins; empty for what needs none.
std::string line_of(const workflow::StageStarted& started, const std::string& timeout);

}  // namespace batchite::cli
