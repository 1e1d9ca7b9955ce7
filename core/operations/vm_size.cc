#include "core/operations/vm_size.h"

#include <charconv>
#include <string>

#include "core/base/ids.h"

namespace batchite {
namespace {

struct Exception {
  std::string_view size;
  int cores;
};
constexpr Exception kExceptions[] = {
    {"small", 1},     {"medium", 2},    {"large", 4},     {"extralarge", 8}, {"extrasmall", 1}, {"a0", 1},
    {"a1", 1},        {"a2", 2},        {"a3", 4},        {"a4", 8},         {"a5", 2},         {"a6", 4},
    {"a7", 8},        {"a8", 8},        {"a9", 16},       {"a10", 8},        {"a11", 16},       {"d1", 1},
    {"d2", 2},        {"d3", 4},        {"d4", 8},        {"d11", 2},        {"d12", 4},        {"d13", 8},
    {"d14", 16},      {"d1_v2", 1},     {"d2_v2", 2},     {"d3_v2", 4},      {"d4_v2", 8},      {"d5_v2", 16},
    {"d11_v2", 2},    {"d12_v2", 4},    {"d13_v2", 8},    {"d14_v2", 16},    {"d15_v2", 20},    {"ds1", 1},
    {"ds2", 2},       {"ds3", 4},       {"ds4", 8},       {"ds11", 2},       {"ds12", 4},       {"ds13", 8},
    {"ds14", 16},     {"ds1_v2", 1},    {"ds2_v2", 2},    {"ds3_v2", 4},     {"ds4_v2", 8},     {"ds5_v2", 16},
    {"ds11_v2", 2},   {"ds12_v2", 4},   {"ds13_v2", 8},   {"ds14_v2", 16},   {"ds15_v2", 20},   {"g1", 2},
    {"g2", 4},        {"g3", 8},        {"g4", 16},       {"g5", 32},        {"gs1", 2},        {"gs2", 4},
    {"gs3", 8},       {"gs4", 16},      {"gs5", 32},      {"ds11-1_v2", 1},  {"ds12-1_v2", 1},  {"ds12-2_v2", 2},
    {"ds13-2_v2", 2}, {"ds13-4_v2", 4}, {"ds14-4_v2", 4}, {"ds14-8_v2", 8},
};

// The first number in the text.
std::optional<int> number_in(std::string_view text) {
  const std::size_t at = text.find_first_of("0123456789");
  if (at == std::string_view::npos) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
  if (error != std::errc() || number < 1 || number > 4096) return std::nullopt;
  return number;
}

}  // namespace

std::optional<int> cores_of(std::string_view vm_size) {
  const std::string folded = fold(vm_size);
  std::string_view name = folded;
  for (const std::string_view prefix : {"standard_", "basic_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  for (const auto& [size, cores] : kExceptions) {
    if (name == size) return cores;
  }
  const std::string_view series = name.substr(0, name.find('_'));  // a number after it is a version
  const std::size_t dash = series.find('-');
  return number_in(dash == std::string_view::npos ? series : series.substr(dash));
}

}  // namespace batchite
