#include "backends/local/file_pattern.h"

#include <optional>
#include <span>

namespace batchite {
namespace {

constexpr std::string_view kAnyDirectories = "**";

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) components.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return components;
}

bool is_wild(std::string_view component) { return component.find_first_of("*?[") != std::string_view::npos; }

// The set that starts behind '[': where it ends and whether it has the character. nullopt: it never ends, so the
// bracket is a plain one.
struct Set {
  std::size_t end;
  bool has;
};
std::optional<Set> read_set(std::string_view pattern, std::size_t at, char c) {
  const bool negated = at < pattern.size() && pattern[at] == '!';
  if (negated) ++at;
  bool has = false;
  for (std::size_t i = at; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && i > at) return Set{i + 1, has != negated};
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      has |= pattern[i] <= c && c <= pattern[i + 2];
      i += 2;
    } else {
      has |= pattern[i] == c;
    }
  }
  return std::nullopt;
}

// One step of the pattern other than '*': where it goes on if it takes the character.
std::optional<std::size_t> take(std::string_view pattern, std::size_t at, char c) {
  if (at == pattern.size()) return std::nullopt;
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[') {
    if (const auto set = read_set(pattern, at + 1, c)) return set->has ? std::optional(set->end) : std::nullopt;
  }
  return pattern[at] == c ? std::optional(at + 1) : std::nullopt;
}

// Linear but for stepping back to the last star.
bool name_matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0, n = 0, star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (const auto next = take(pattern, p, name[n])) {
      p = *next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

using Names = std::span<const std::string>;

bool matches_all(Names pattern, Names path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() == kAnyDirectories) {
    // Any number of directories, none of them hidden.
    for (std::size_t skip = 0; skip <= path.size(); ++skip) {
      if (matches_all(pattern.subspan(1), path.subspan(skip))) return true;
      if (skip < path.size() && path[skip].starts_with('.')) return false;
    }
    return false;
  }
  return !path.empty() && name_matches(pattern.front(), path.front()) &&
         matches_all(pattern.subspan(1), path.subspan(1));
}

bool may_go_on(Names pattern, Names directory) {
  for (std::size_t i = 0; i < directory.size(); ++i) {
    if (i >= pattern.size()) return false;
    if (pattern[i] == kAnyDirectories) return true;  // good enough: the walk prunes, matches() decides
    if (!name_matches(pattern[i], directory[i])) return false;
  }
  return directory.size() < pattern.size();
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::optional<std::string_view> value_of(std::string_view name, const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// The variable that starts at the text's '$' or '%': its name and how much text it takes.
struct Variable {
  std::string_view name;
  std::size_t size = 0;
};
Variable read_variable(std::string_view text) {
  if (text.front() == '%' || text.starts_with("${")) {
    const std::size_t start = text.front() == '%' ? 1 : 2;
    const auto end = text.find(text.front() == '%' ? '%' : '}', start);
    if (end == std::string_view::npos) return {};
    return {text.substr(start, end - start), end + 1};
  }
  std::size_t end = 1;
  while (end < text.size() && is_word(text[end])) ++end;
  return {text.substr(1, end - 1), end};
}

}  // namespace

FilePattern::FilePattern(std::string_view pattern) {
  const std::vector<std::string> components = split(pattern);
  std::size_t plain = 0;
  while (plain < components.size() && !is_wild(components[plain])) ++plain;
  if (pattern.starts_with('/')) base_ = "/";
  for (std::size_t i = 0; i < plain; ++i) base_ += (i == 0 ? "" : "/") + components[i];
  for (std::size_t i = plain; i < components.size(); ++i) {
    const std::string& component = components[i];
    if (component.size() > 2 && component.starts_with(kAnyDirectories)) {  // "**.txt": at any depth
      wild_.emplace_back(kAnyDirectories);
      wild_.push_back(component.substr(1));
    } else if (component != kAnyDirectories || wild_.empty() || wild_.back() != kAnyDirectories) {
      wild_.push_back(component);
    }
  }
  if (!wild_.empty() && wild_.back() == kAnyDirectories) wild_.emplace_back("*");  // "out/**": all files below
}

bool FilePattern::matches(std::string_view path) const { return matches_all(wild_, split(path)); }

bool FilePattern::may_match_below(std::string_view directory) const { return may_go_on(wild_, split(directory)); }

std::string expand_variables(std::string_view text, const std::vector<std::string>& environment) {
  std::string expanded;
  while (!text.empty()) {
    if (text.front() == '$' || text.front() == '%') {
      const Variable variable = read_variable(text);
      const auto value = variable.name.empty() ? std::nullopt : value_of(variable.name, environment);
      if (value) {
        expanded += *value;
        text.remove_prefix(variable.size);
        continue;
      }
    }
    expanded += text.front();
    text.remove_prefix(1);
  }
  return expanded;
}

}  // namespace batchite
