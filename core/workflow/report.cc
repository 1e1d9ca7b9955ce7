#include "core/workflow/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

std::string one_a_line(const std::vector<Warning>& problems) {
  std::string text;
  for (const Warning& one : problems) text += (text.empty() ? "" : "\n") + to_text(one);
  return text;
}

}  // namespace

TemplateError::TemplateError(std::vector<Warning> problems)
    : UsageError(one_a_line(problems)), problems_(std::move(problems)) {}

std::string to_text(const Warning& warning) {
  return warning.path.empty() ? fmt::format("{}: {}", warning.file, warning.text)
                              : fmt::format("{}: {}: {}", warning.file, warning.path, warning.text);
}

void Report::warn(const std::string& path, const std::string& text) {
  if (seen_.emplace(path, text).second) warnings_.push_back({file_, path, text});
}

void Report::warn_or_refuse(const std::string& path, const std::string& text) {
  if (strict_) {
    problem(path, text);
  } else {
    warn(path, text);
  }
}

void Report::problem(const std::string& path, const std::string& text) {
  if (seen_.emplace(path, text).second) problems_.push_back({file_, path, text});
}

void Report::refuse_problems() const {
  if (!problems_.empty()) throw TemplateError(problems_);
}

void Report::fail(const std::string& path, const std::string& text) const {
  throw TemplateError({{file_, path, text}});
}

std::string member_path(const std::string& path, const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '$';
  });
  if (!plain) return fmt::format("{}['{}']", path, name);
  return path.empty() ? name : path + "." + name;
}

std::string item_path(const std::string& path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

std::string nearest(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_edits = 1 + std::max<std::size_t>(2, name.size() / 3);
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edits(fold(name), fold(candidate));
    if (distance < best_edits) {
      best_edits = distance;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> nearest_few(const std::string& name, const std::vector<std::string>& candidates,
                                     std::size_t count) {
  std::vector<std::pair<std::size_t, std::string>> by_distance;
  for (const std::string& candidate : candidates) {
    by_distance.emplace_back(edits(fold(name), fold(candidate)), candidate);
  }
  std::ranges::sort(by_distance);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(count, by_distance.size()); ++i) names.push_back(by_distance[i].second);
  return names;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string best = nearest(name, candidates);
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

}  // namespace batchite::workflow
