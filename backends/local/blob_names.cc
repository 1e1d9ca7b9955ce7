#include "backends/local/blob_names.h"

namespace batchite {
namespace {

constexpr std::size_t kMaxComponent = 240;  // of 255 bytes; leaves room for marks
constexpr std::string_view kEmpty = "%e";
constexpr std::string_view kGoesOn = "%c";
constexpr std::string_view kMarks = "cdef";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

std::string escaped(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'%', kDigits[byte >> 4], kDigits[byte & 15]};
}

// The byte at `i`, as it stands in a component.
std::string encode_at(std::string_view segment, std::size_t i) {
  const char c = segment[i];
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) return escaped(c);
  if (c == '.' && (i + 1 == segment.size() || segment == "..")) return escaped(c);
  if (c != '%') return {c};
  const std::string_view rest = segment.substr(i + 1);
  const bool like_byte = rest.size() >= 2 && is_hex(rest[0]) && is_hex(rest[1]);
  const bool like_mark = rest.size() == 1 && kMarks.find(rest[0]) != std::string_view::npos;
  return like_byte || like_mark ? escaped(c) : "%";
}

void add_segment(std::string_view segment, std::vector<std::string>& components) {
  if (segment.empty()) {
    components.emplace_back(kEmpty);
    return;
  }
  std::string component;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const std::string piece = encode_at(segment, i);
    if (component.size() + piece.size() > kMaxComponent) {
      components.push_back(component.append(kGoesOn));
      component.clear();
    }
    component += piece;
  }
  components.push_back(std::move(component));
}

std::string decode(std::string_view component) {
  std::string text;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '%' && i + 2 < component.size() && is_hex(component[i + 1]) && is_hex(component[i + 2])) {
      text += static_cast<char>(std::stoi(std::string(component.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      text += component[i];
    }
  }
  return text;
}

bool take_mark(std::string_view& component, std::string_view mark) {
  if (!component.ends_with(mark)) return false;
  component.remove_suffix(mark.size());
  return true;
}

}  // namespace

std::vector<std::string> blob_path_components(std::string_view name) {
  std::vector<std::string> components;
  while (true) {
    const auto slash = name.find('/');
    add_segment(name.substr(0, slash), components);
    if (slash == std::string_view::npos) return components;
    name.remove_prefix(slash + 1);
  }
}

std::string blob_path(std::string_view name) {
  std::string path;
  for (const std::string& component : blob_path_components(name)) {
    if (!path.empty()) path += '/';
    path += component;
  }
  return path;
}

std::string blob_name(std::string_view path) {
  std::string name;
  while (true) {
    const auto slash = path.find('/');
    std::string_view component = path.substr(0, slash);
    while (take_mark(component, kBesideFolder) || take_mark(component, kBesideFile)) {
    }
    const bool goes_on = take_mark(component, kGoesOn);
    if (component != kEmpty) name += decode(component);
    if (slash == std::string_view::npos) return name;
    if (!goes_on) name += '/';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace batchite
