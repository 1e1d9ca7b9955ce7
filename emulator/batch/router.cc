#include "emulator/batch/router.h"

#include <algorithm>
#include <string>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"

namespace batchite::batch {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return split(path, '/');
}

// "{poolId}" → "poolId"; empty for anything else.
std::string_view parameter_name(std::string_view text) {
  return text.starts_with('{') && text.ends_with('}') ? text.substr(1, text.size() - 2) : std::string_view();
}

// "certificates(thumbprintAlgorithm=a,thumbprint=b)" → what stands in the brackets; nullopt: no such form.
std::optional<std::string_view> in_brackets(std::string_view segment, std::string_view before) {
  if (!segment.starts_with(before) || !segment.ends_with(')')) return std::nullopt;
  segment.remove_prefix(before.size());
  if (!segment.starts_with('(')) return std::nullopt;
  return segment.substr(1, segment.size() - 2);
}

bool read_brackets(std::string_view inside, const std::vector<std::string_view>& names, Parameters& values) {
  const std::vector<std::string_view> parts = split(inside, ',');
  if (parts.size() != names.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos || !same_id(parts[i].substr(0, equals), names[i])) return false;
    values.add(std::string(names[i]), percent_decode(parts[i].substr(equals + 1)));
  }
  return true;
}

}  // namespace

Router::Router() {
  for (const contract::Operation& operation : contract::operations()) {
    Pattern pattern{.operation = &operation, .segments = {}};
    for (const std::string_view text : segments_of(operation.path)) {
      Segment segment{.text = text, .name = parameter_name(text), .names = {}};
      segment.takes_rest = segment.name == "filePath";
      if (const std::size_t bracket = text.find('('); bracket != std::string_view::npos) {
        segment.text = text.substr(0, bracket);
        for (const std::string_view part : split(*in_brackets(text, segment.text), ',')) {
          segment.names.push_back(part.substr(0, part.find('=')));
        }
      }
      pattern.segments.push_back(std::move(segment));
    }
    patterns_.push_back(std::move(pattern));
  }
}

std::optional<Parameters> Router::match(const Pattern& pattern, const std::vector<std::string_view>& segments) {
  const std::vector<Segment>& wanted = pattern.segments;
  const bool takes_rest = wanted.back().takes_rest;
  if (segments.size() < wanted.size() || (segments.size() > wanted.size() && !takes_rest)) return std::nullopt;
  Parameters values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Segment& segment = wanted[i];
    if (segment.takes_rest) {
      const char* begin = segments[i].data();
      const std::string_view rest(begin,
                                  static_cast<std::size_t>(segments.back().data() + segments.back().size() - begin));
      if (rest.empty()) return std::nullopt;
      values.add(std::string(segment.name), percent_decode(rest));
    } else if (!segment.names.empty()) {
      const auto inside = in_brackets(segments[i], segment.text);
      if (!inside || !read_brackets(*inside, segment.names, values)) return std::nullopt;
    } else if (segment.name.empty()) {
      if (segments[i] != segment.text) return std::nullopt;
    } else {
      if (segments[i].empty()) return std::nullopt;
      values.add(std::string(segment.name), percent_decode(segments[i]));
    }
  }
  return values;
}

Route Router::find(std::string_view method, std::string_view path) const {
  std::vector<std::string_view> segments = segments_of(path);
  if (segments.size() > 1 && segments.back().empty()) segments.pop_back();  // "/pools/" is "/pools"
  std::string others;
  for (const Pattern& pattern : patterns_) {
    const auto values = match(pattern, segments);
    if (!values) continue;
    const std::string_view name = contract::to_string(pattern.operation->method);
    if (name == method) return {pattern.operation, *values};
    if (others.find(name) == std::string::npos) others += (others.empty() ? "" : ", ") + std::string(name);
  }
  if (others.empty())
    throw Error(errors::kResourceNotFound, {{"Reason", "No resource has the path " + std::string(path)}});
  throw Error(errors::kUnsupportedHttpVerb, {{"Reason", std::string(path) + " takes " + others}});
}

}  // namespace batchite::batch
