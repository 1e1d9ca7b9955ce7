#include "core/accounts.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/error.h"

namespace batchite {
namespace {

constexpr std::size_t kMaxKeys = 2;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// Names are parts of URLs and of paths on the disk.
bool is_account_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

BlobAccount account_from(const std::string& text) {
  std::vector<std::string> parts = split(text, ':');
  BlobAccount account{.name = parts.front(), .keys = {parts.begin() + 1, parts.end()}};
  while (!account.keys.empty() && account.keys.back().empty()) account.keys.pop_back();
  if (!is_account_name(account.name)) {
    throw UsageError("storage accounts: '" + account.name + "' is no name: use a-z, 0-9 and -");
  }
  if (account.keys.empty() || account.keys.size() > kMaxKeys) {
    throw UsageError("storage accounts: " + account.name + " needs one key or two, as name:key1:key2");
  }
  for (const std::string& key : account.keys) {
    const auto bytes = base64_decode(key);
    if (!bytes || bytes->empty())
      throw UsageError("storage accounts: a key of " + account.name + " is not Base64 text");
  }
  return account;
}

}  // namespace

std::vector<BlobAccount> default_storage_accounts() {
  return {{.name = std::string(kStorageAccount), .keys = {std::string(kStorageKey)}}};
}

std::vector<BlobAccount> parse_storage_accounts(std::string_view text) {
  std::vector<BlobAccount> accounts;
  for (const std::string& part : split(text, ';')) {
    if (part.empty()) continue;
    accounts.push_back(account_from(part));
    const auto is_same = [&](const BlobAccount& one) { return one.name == accounts.back().name; };
    if (std::count_if(accounts.begin(), accounts.end(), is_same) > 1) {
      throw UsageError("storage accounts: " + accounts.back().name + " is there twice");
    }
  }
  if (accounts.empty()) throw UsageError("storage accounts: there is none in name:key1:key2;name2:key1");
  return accounts;
}

}  // namespace batchite
