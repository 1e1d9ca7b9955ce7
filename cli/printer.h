// Documents on the screen: one printer for every command, which brings only its columns.
// json: what the service answered. jsonl: one document a line. tsv: the columns, between tabs; tabs, line breaks and
// backslashes in values are escaped. table: the columns, aligned, for people.
#pragma once
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/surroundings.h"
#include "core/base/document.h"

namespace batchite::cli {

struct Column {
  std::string_view title;  // "EXIT"
  std::string_view path;   // "executionInfo.exitCode"
  bool is_right = false;   // numbers
};
using Columns = std::span<const Column>;

class Printer {
 public:
  Printer(std::ostream& out, Format format, bool color) : out_(out), format_(format), color_(color) {}

  // No columns: all members that are no objects or lists, by the first document.
  void list(const std::vector<Document>& documents, Columns columns = {});
  // One resource: as a table, every value with its path.
  void one(const Document& document);
  void json(const Document& document);

  Format format() const { return format_; }

 private:
  void table(const std::vector<Document>& documents, Columns columns);
  void tsv(const std::vector<Document>& documents, Columns columns);

  std::ostream& out_;
  Format format_;
  bool color_;
};

// The value at a dotted path as text; empty if there is none.
std::string cell(const Document& document, std::string_view path);

// Columns of a terminal that a text takes: code points, without combining marks and with wide characters as two.
std::size_t width_of(std::string_view text);

}  // namespace batchite::cli
