#include "core/workflow/placeholder.h"

#include <fmt/format.h>

#include <charconv>

#include "core/workflow/parameters.h"

namespace batchite::workflow {
namespace {

std::optional<std::size_t> whole(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Where in a task placeholders may stand; "[]" stands for every item of a list.
constexpr std::string_view kPlaces[] = {
    "commandLine",
    "displayName",
    "resourceFiles/[]/filePath",
    "resourceFiles/[]/httpUrl",
    "resourceFiles/[]/source/fileGroup",
    "resourceFiles/[]/source/prefix",
    "resourceFiles/[]/source/containerUrl",
    "resourceFiles/[]/source/url",
    "environmentSettings/[]/name",
    "environmentSettings/[]/value",
    "outputFiles/[]/filePattern",
    "outputFiles/[]/destination/container/path",
    "outputFiles/[]/destination/container/containerUrl",
    "outputFiles/[]/destination/autoStorage/path",
    "outputFiles/[]/destination/autoStorage/fileGroup",
};

struct Filling {
  const Fill& fill;
  const Report& report;
};

void fill_place(Document& value, std::string_view place, const std::string& path, const Filling& filling) {
  if (place.empty()) {
    if (!value.is_string()) return;
    try {
      value = fill_placeholders(value.get_ref<const std::string&>(), filling.fill);
    } catch (const ExpressionError& error) {
      filling.report.fail(path, error.text);
    }
    return;
  }
  const std::size_t slash = std::min(place.find('/'), place.size());
  const std::string_view step = place.substr(0, slash);
  const std::string_view rest = place.substr(std::min(slash + 1, place.size()));
  if (step == "[]" && value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) fill_place(value[i], rest, item_path(path, i), filling);
  } else if (value.is_object()) {
    if (const auto member = value.find(step); member != value.end()) {
      fill_place(*member, rest, member_path(path, std::string(step)), filling);
    }
  }
}

}  // namespace

std::string fill_placeholders(std::string_view text, const Fill& fill) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && text.substr(i, 2) == std::string(2, c)) {
      result += c;
      ++i;
      continue;
    }
    if (c != '{' && c != '}') {
      result += c;
      continue;
    }
    const std::size_t close = c == '{' ? text.find('}', i) : std::string_view::npos;
    std::optional<std::string> value;
    if (close != std::string_view::npos) value = fill(text.substr(i + 1, close - i - 1));
    if (!value) {
      throw ExpressionError{
          fmt::format("'{}' in \"{}\" is no placeholder; write {{{{ and }}}} for braces that are meant as such",
                      text.substr(i, close == std::string_view::npos ? 1 : close - i + 1), text)};
    }
    result += *value;
    i = close;
  }
  return result;
}

Fill sweep_filler(const std::vector<std::int64_t>& values) {
  return [&values](std::string_view placeholder) -> std::optional<std::string> {
    const std::size_t colon = placeholder.find(':');
    const auto index = whole(placeholder.substr(0, colon));
    if (!index) return std::nullopt;
    if (*index >= values.size()) {
      throw ExpressionError{fmt::format("there is no parameter set {} for {{{}}}; there are {}, counted from 0", *index,
                                        placeholder, values.size())};
    }
    const std::int64_t value = values[*index];
    if (colon == std::string_view::npos) return std::to_string(value);
    const auto width = whole(placeholder.substr(colon + 1));
    if (!width) return std::nullopt;
    if (*width < 1 || *width > 9) {
      throw ExpressionError{fmt::format("{{{}}}: the width is between 1 and 9", placeholder)};
    }
    if (value < 0)
      throw ExpressionError{fmt::format("{{{}}}: {} is negative and cannot be padded", placeholder, value)};
    return fmt::format("{:0{}}", value, *width);
  };
}

Fill file_filler(const SourceFile& file) {
  return [&file](std::string_view placeholder) -> std::optional<std::string> {
    if (placeholder == "url") return file.url;
    if (placeholder == "filePath") return file.name;
    const std::string name = file.name.substr(file.name.rfind('/') + 1);
    if (placeholder == "fileName") return name;
    if (placeholder != "fileNameWithoutExtension") return std::nullopt;
    const std::size_t start = name.find_first_not_of('.');  // leading dots begin no extension
    const std::size_t dot = name.rfind('.');
    return start == std::string::npos || dot == std::string::npos || dot < start ? name : name.substr(0, dot);
  };
}

Document fill_task(const Document& task, const Fill& fill, const std::string& path, const Report& report) {
  Document result = task;
  for (const std::string_view place : kPlaces) fill_place(result, place, path, {fill, report});
  return result;
}

}  // namespace batchite::workflow
