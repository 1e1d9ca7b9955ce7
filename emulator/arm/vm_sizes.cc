#include "emulator/arm/vm_sizes.h"

#include <fmt/format.h>

#include "core/operations/vm_size.h"

namespace batchite::arm {
namespace {

struct Series {
  std::string_view name;  // with {} where the number stands
  std::vector<std::string_view> numbers;
};

std::vector<std::string> all_names() {
  const std::vector<Series> all = {
      {"Standard_A{}_v2", {"1", "2", "4", "8", "2m", "4m", "8m"}},
      {"Standard_D{}_v2", {"1", "2", "3", "4", "5", "11", "12", "13", "14", "15"}},
      {"Standard_DS{}_v2", {"1", "2", "3", "4", "5", "11", "12", "13", "14", "15"}},
      {"Standard_D{}_v3", {"2", "4", "8", "16", "32", "64"}},
      {"Standard_D{}s_v3", {"2", "4", "8", "16", "32", "64"}},
      {"Standard_D{}s_v5", {"2", "4", "8", "16", "32", "48", "64", "96"}},
      {"Standard_E{}_v3", {"2", "4", "8", "16", "20", "32", "64"}},
      {"Standard_E{}s_v3", {"2", "4", "8", "16", "20", "32", "64"}},
      {"Standard_F{}", {"1", "2", "4", "8", "16"}},
      {"Standard_F{}s_v2", {"2", "4", "8", "16", "32", "64", "72"}},
      {"Standard_NC{}s_v3", {"6", "12", "24", "24r"}},
  };
  std::vector<std::string> names;
  for (const Series& series : all) {
    for (const std::string_view number : series.numbers) {
      names.push_back(fmt::format(fmt::runtime(series.name), number));
    }
  }
  return names;
}

}  // namespace

const std::vector<std::string>& usual_vm_sizes() {
  static const std::vector<std::string> names = all_names();
  return names;
}

Document vm_size_document(const std::string& name) {
  Document size = {{"name", name}, {"capabilities", Document::array()}};
  if (const auto cores = cores_of(name)) {
    size["capabilities"].push_back({{"name", "vCPUs"}, {"value", std::to_string(*cores)}});
  }
  return size;
}

}  // namespace batchite::arm
