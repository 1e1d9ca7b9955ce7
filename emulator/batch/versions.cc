#include "emulator/batch/versions.h"

#include <algorithm>
#include <string_view>

#include "core/contract/error_codes.h"

namespace batchite::batch {
namespace {

constexpr contract::Version kOldest{20180101};
// Published before the oldest version whose tables the contract has; they see what that one does.
constexpr std::string_view kOlder[] = {"2018-03-01.6.1",  "2018-08-01.7.0",  "2018-12-01.8.0",
                                       "2019-06-01.9.0",  "2019-08-01.10.0", "2020-03-01.11.0",
                                       "2020-09-01.12.0", "2021-06-01.14.0", "2022-01-01.15.0"};

bool is_known(std::string_view text) {
  return contract::is_known(text) || std::find(std::begin(kOlder), std::end(kOlder), text) != std::end(kOlder);
}

}  // namespace

contract::Version Versions::of(const Parameters& query) {
  const std::string* text = query.find("api-version");
  if (!text || text->empty()) {
    throw Error(errors::kMissingRequiredQueryParameter, {{"QueryParameterName", "api-version"}});
  }
  const auto version = contract::parse_version(*text);
  if (!version) {
    throw Error(errors::kInvalidQueryParameterValue,
                {{"QueryParameterName", "api-version"},
                 {"QueryParameterValue", *text},
                 {"Reason", "An api-version looks like 2024-02-01.19.0, or 2025-06-01"}});
  }
  if (*version < kOldest)
    throw Error(errors::kUnsupportedRequestVersion, {{"Reason", "Versions before 2018 are not served"}});
  if (is_known(*text)) return *version;
  if (strict_) {
    throw Error(errors::kUnsupportedRequestVersion, {{"Reason", *text + " is not known; the newest known is " +
                                                                    std::string(contract::known_versions().back())}});
  }
  const std::lock_guard lock(mutex_);
  if (warned_.size() < 100 && warned_.insert(*text).second) {
    warn_("api-version " + *text + " is not known here; it is served as the nearest that is");
  }
  return *version;
}

}  // namespace batchite::batch
