#include "core/blob/operation_table.h"

#include <algorithm>

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto space = std::min(words.find(' '), words.size());
    if (words.substr(0, space) == word) return true;
    words.remove_prefix(std::min(space + 1, words.size()));
  }
  return false;
}

struct Asked {
  BlobLevel level;
  std::string restype, comp;
};

bool fits(const BlobOperationRow& row, const Asked& asked) {
  return (row.levels & asked.level) != 0 && same_id(row.restype, asked.restype) && same_id(row.comp, asked.comp);
}

// How many of the headers and parameters that tell the row from others are there; -1: one is missing.
int matches(const BlobOperationRow& row, const Parameters& query, const Parameters& headers) {
  if (!row.parameter.empty() && query.get(row.parameter).empty()) return -1;
  int count = row.parameter.empty() ? 0 : 1;
  for (const std::string_view name : row.headers) {
    if (name.empty()) continue;
    if (headers.get(name).empty()) return -1;
    ++count;
  }
  return count;
}

[[noreturn]] void refuse_unknown(const Asked& asked) {
  bool knows_restype = false;
  for (const BlobOperationRow& row : blob_operation_rows()) {
    if (fits(row, asked)) throw Error(kUnsupportedHttpVerb);
    knows_restype |= (row.levels & asked.level) != 0 && same_id(row.restype, asked.restype);
  }
  const char* name = knows_restype ? "comp" : "restype";
  throw Error(kInvalidQueryParameterValue,
              {{"QueryParameterName", name}, {"QueryParameterValue", knows_restype ? asked.comp : asked.restype}});
}

const BlobOperationRow& implemented(const BlobOperationRow& row) {
  if (row.run) return row;
  throw Error(501, "NotImplemented", std::string(row.name) + " is not implemented.");
}

}  // namespace

const std::vector<BlobOperationRow>& blob_operation_rows() {
  static const auto rows = [] {
    std::vector<BlobOperationRow> all;
    for (const auto& list :
         {service_operations(), container_operations(), listing_operations(), delegation_operations(),
          whole_blob_operations(), put_operations(), tag_operations(), tier_operations(), append_operations(),
          page_operations(), snapshot_operations(), delete_operations(), protect_operations(), expiry_operations(),
          block_operations(), copy_operations(), lease_operations(), refused_blob_operations()}) {
      all.insert(all.end(), list.begin(), list.end());
    }
    return all;
  }();
  return rows;
}

const BlobOperationRow& blob_operation_row(BlobOperation operation) {
  static const auto by_operation = [] {
    std::vector<const BlobOperationRow*> all;
    for (const BlobOperationRow& row : blob_operation_rows()) {
      const auto at = static_cast<std::size_t>(row.operation);
      if (all.size() <= at) all.resize(at + 1);
      all[at] = &row;
    }
    return all;
  }();
  return implemented(*by_operation.at(static_cast<std::size_t>(operation)));
}

const BlobOperationRow& find_blob_operation(std::string_view method, BlobLevel level, const Parameters& query,
                                            const Parameters& headers) {
  const Asked asked{level, query.get("restype"), query.get("comp")};
  const BlobOperationRow* found = nullptr;
  int most = -1;
  for (const BlobOperationRow& row : blob_operation_rows()) {
    if (!has_word(row.methods, method) || !fits(row, asked)) continue;
    const int count = matches(row, query, headers);
    if (count <= most) continue;
    most = count;
    found = &row;
  }
  if (!found) refuse_unknown(asked);
  return implemented(*found);
}

}  // namespace batchite
