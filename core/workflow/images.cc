#include "core/workflow/images.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/report.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kMostNamed = 5;
constexpr const char* kParts[] = {"publisher", "offer", "sku"};

std::string name_of(const Reader& image) {
  return fmt::format("{}/{}/{}", image.text("publisher"), image.text("offer"), image.text("sku"));
}

// How many parts of the name are the same, from the front.
int likeness(const Reader& image, const Reader& other) {
  int same = 0;
  for (const char* part : kParts) {
    if (!same_id(image.text(part), other.text(part))) break;
    ++same;
  }
  return same;
}

// The names that are most like the image's.
std::string nearest(const Reader& image, const std::vector<Document>& offered) {
  int best = 0;
  std::vector<std::string> names;
  for (const Document& one : offered) {
    const Reader other = Reader(one).object("imageReference");
    const int same = likeness(image, other);
    if (same > best) names.clear();
    best = std::max(best, same);
    if (same == best) names.push_back(name_of(other));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostNamed ? fmt::format("{} and {} more", text, names.size() - kMostNamed) : text;
}

// Of the same image in several editions, the last to go.
std::optional<Time> end_of_support(const std::vector<const Document*>& found) {
  std::optional<Time> last;
  for (const Document* one : found) {
    const auto end = parse_iso8601(Reader(*one).text("batchSupportEndOfLife"));
    if (!end) return std::nullopt;
    last = std::max(last.value_or(*end), *end);
  }
  return last;
}

}  // namespace

void check_vm_size(Backend& backend, const Document& pool) {
  const std::string size = Reader(pool).text("vmSize");
  if (size.empty() || !Reader(pool).has("virtualMachineConfiguration")) return;
  const std::vector<std::string> names = backend.vm_sizes().names;
  const auto is_it = [&](const std::string& name) { return same_id(name, size); };
  if (names.empty() || std::ranges::any_of(names, is_it)) return;
  std::string nearest;
  for (const std::string& name : nearest_few(size, names, kMostNamed)) nearest += (nearest.empty() ? "" : ", ") + name;
  throw UsageError(
      fmt::format("Batch has no machines of size '{}' in the account's region; nearest: {}", size, nearest));
}

std::string check_image(Client& client, const Document& pool, Time now) {
  const Reader machine = Reader(pool).object("virtualMachineConfiguration");
  const Reader image = machine.object("imageReference");
  if (!image.has("offer")) return "";  // an image of one's own, or no machines of this kind
  const std::vector<Document> offered = client.list("Account_ListSupportedImages");
  std::vector<const Document*> found;
  for (const Document& one : offered) {
    if (likeness(image, Reader(one).object("imageReference")) == std::ssize(kParts)) found.push_back(&one);
  }
  if (found.empty()) {
    throw UsageError(
        fmt::format("the Batch account does not offer image {}; nearest: {} (`batchite account list-supported-images "
                    "-o json` lists all)",
                    name_of(image), nearest(image, offered)));
  }
  const std::string agent = machine.text("nodeAgentSKUId");
  const bool fits = std::ranges::any_of(
      found, [&](const Document* one) { return same_id(Reader(*one).text("nodeAgentSKUId"), agent); });
  if (!fits) {
    throw UsageError(fmt::format("image {} needs nodeAgentSKUId '{}', and the pool asks for '{}'", name_of(image),
                                 Reader(*found.front()).text("nodeAgentSKUId"), agent));
  }
  const auto end = end_of_support(found);
  if (!end || *end > now) return "";
  return fmt::format("Batch supports image {} no longer, since {}: the service may refuse new pools of it",
                     name_of(image), iso8601(*end).substr(0, 10));
}

}  // namespace batchite::workflow
