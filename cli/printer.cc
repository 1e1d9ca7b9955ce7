#include "cli/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <ostream>

#include "core/base/ids.h"

namespace batchite::cli {
namespace {

const Document* find_path(const Document& document, std::string_view path) {
  const Document* at = &document;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    if (!at->is_object()) return nullptr;
    const auto it = at->find(path.substr(0, dot));
    if (it == at->end()) return nullptr;
    at = &*it;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

std::string to_text(const Document& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Document::error_handler_t::replace);
}

// Line breaks and other control characters would tear a table apart, and terminals obey them.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\t') {
      line += "\\t";
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line;
}

std::string_view color_of(const std::string& text) {
  const std::string word = fold(text);
  for (const char* bad : {"failure", "failed", "unusable", "starttaskfailed", "offline", "no"}) {
    if (word == bad) return "\x1b[31m";
  }
  for (const char* good : {"success", "completed", "idle", "ok"}) {
    if (word == good) return "\x1b[32m";
  }
  return word == "running" ? "\x1b[36m" : "";
}

void flatten(const Document& value, const std::string& path, std::vector<Document>& rows) {
  if (value.is_structured() && !value.empty()) {
    for (const auto& [key, item] : value.items()) {
      const std::string step = value.is_array() ? "[" + key + "]" : (path.empty() ? key : "." + key);
      flatten(item, path + step, rows);
    }
    return;
  }
  rows.push_back({{"property", path}, {"value", to_text(value)}});
}

// Owns the texts that the columns borrow.
struct DefaultColumns {
  std::deque<std::string> titles, paths;
  std::vector<Column> columns;
};

DefaultColumns columns_of(const std::vector<Document>& documents) {
  DefaultColumns made;
  if (documents.empty() || !documents.front().is_object()) return made;
  for (const auto& [key, value] : documents.front().items()) {
    if (value.is_structured()) continue;
    std::string title = key;
    std::ranges::transform(title, title.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    made.titles.push_back(std::move(title));
    made.paths.push_back(key);
    made.columns.push_back({made.titles.back(), made.paths.back(), value.is_number()});
  }
  return made;
}

}  // namespace

std::string cell(const Document& document, std::string_view path) {
  const Document* value = find_path(document, path);
  return value ? to_text(*value) : "";
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) == 0x80) continue;  // inside a character
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0xcc || (byte == 0xcd && next < 0xb0)) continue;  // U+0300 … U+036F combine with the one before
    width += byte >= 0xe3 && byte != 0xef ? 2 : 1;                // CJK and what lies above: two columns
  }
  return width;
}

void Printer::list(const std::vector<Document>& documents, Columns columns) {
  if (format_ == Format::Json) return json(Document(documents));
  if (format_ == Format::JsonLines) {
    for (const Document& document : documents) {
      out_ << document.dump(-1, ' ', false, Document::error_handler_t::replace) << '\n';
    }
    return;
  }
  const DefaultColumns made = columns.empty() ? columns_of(documents) : DefaultColumns{};
  const Columns chosen = columns.empty() ? Columns(made.columns) : columns;
  if (format_ == Format::Tsv) return tsv(documents, chosen);
  table(documents, chosen);
}

void Printer::one(const Document& document) {
  if (format_ == Format::Json || format_ == Format::JsonLines) {
    return format_ == Format::Json ? json(document) : list({document});
  }
  static constexpr Column columns[] = {{"PROPERTY", "property"}, {"VALUE", "value"}};
  std::vector<Document> rows;
  flatten(document, "", rows);
  list(rows, columns);
}

void Printer::json(const Document& document) {
  out_ << document.dump(2, ' ', false, Document::error_handler_t::replace) << '\n';
}

void Printer::tsv(const std::vector<Document>& documents, Columns columns) {
  const auto line = [&](auto text_of) {
    for (std::size_t i = 0; i < columns.size(); ++i) out_ << (i == 0 ? "" : "\t") << escaped(text_of(columns[i]));
    out_ << '\n';
  };
  line([](const Column& column) { return std::string(column.title); });
  for (const Document& document : documents) {
    line([&](const Column& column) { return cell(document, column.path); });
  }
}

void Printer::table(const std::vector<Document>& documents, Columns columns) {
  std::vector<std::vector<std::string>> rows;
  rows.emplace_back();
  for (const Column& column : columns) rows.back().emplace_back(column.title);
  for (const Document& document : documents) {
    rows.emplace_back();
    for (const Column& column : columns) rows.back().push_back(one_line(cell(document, column.path)));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      const std::string_view color = color_ && &row != &rows.front() ? color_of(row[i]) : "";
      const std::string text = color.empty() ? row[i] : fmt::format("{}{}\x1b[0m", color, row[i]);
      line += (i == 0 ? "" : "  ") + (columns[i].is_right ? space + text : text + space);
    }
    while (line.ends_with(' ')) line.pop_back();
    out_ << line << '\n';
  }
}

}  // namespace batchite::cli
