#include "core/blob/blob_url.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/ids.h"

namespace batchite {
namespace {

constexpr std::string_view kSecondary = "-secondary";

std::string_view without_secondary(std::string_view account) {
  if (account.ends_with(kSecondary)) account.remove_suffix(kSecondary.size());
  return account;
}

std::string_view take_segment(std::string_view& path) {
  const auto slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return segment;
}

// The account in the host's first label, where more than the label is there ("account.blob.localhost").
std::string_view account_of_host(std::string_view authority, const IsAccount& is_account) {
  const auto dot = authority.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view label = without_secondary(authority.substr(0, dot));
  return is_account(label) ? label : std::string_view();
}

}  // namespace

std::optional<BlobUrl> parse_blob_url(std::string_view url, const IsAccount& is_account) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  if (!same_id(url.substr(0, scheme), "http") && !same_id(url.substr(0, scheme), "https")) return std::nullopt;
  url = url.substr(0, url.find('#'));
  BlobUrl parsed;
  if (const auto mark = url.find('?'); mark != std::string_view::npos) {
    parsed.query = url.substr(mark + 1);
    url = url.substr(0, mark);
  }
  const auto slash = url.find('/', scheme + 3);
  parsed.endpoint = fold(url.substr(0, slash));
  std::string_view path = slash == std::string_view::npos ? std::string_view() : url.substr(slash + 1);
  parsed.account = account_of_host(std::string_view(parsed.endpoint).substr(scheme + 3), is_account);
  parsed.is_host_style = !parsed.account.empty();
  if (!parsed.is_host_style) {
    const std::string first = percent_decode(take_segment(path));
    parsed.account = without_secondary(first);
  }
  if (parsed.account.empty() || !is_account(parsed.account)) return std::nullopt;
  parsed.container = percent_decode(take_segment(path));
  parsed.blob = percent_decode(path);
  std::replace(parsed.blob.begin(), parsed.blob.end(), '\\', '/');
  return parsed;
}

std::string blob_path(std::string_view container, std::string_view blob) {
  std::string path = "/" + percent_encode(container);
  if (!blob.empty()) path += "/" + percent_encode_path(blob);
  return path;
}

}  // namespace batchite
