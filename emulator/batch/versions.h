// The api-version of a request. Every version from 2018 on is served; one that is not known yet is served as the newest
// that is, with one warning.
// Source: learn.microsoft.com/rest/api/batchservice/batch-service-rest-api-versioning. Any thread.
#pragma once
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "core/base/parameters.h"
#include "core/contract/contract.h"

namespace batchite::batch {

class Versions {
 public:
  using Warn = std::function<void(const std::string&)>;
  // `strict`: versions that are not known are refused.
  Versions(bool strict, Warn warn) : strict_(strict), warn_(std::move(warn)) {}

  // Throws MissingRequiredQueryParameter, InvalidQueryParameterValue (no version at all), UnsupportedRequestVersion.
  contract::Version of(const Parameters& query);

 private:
  const bool strict_;
  const Warn warn_;
  std::mutex mutex_;
  std::set<std::string> warned_;  // guarded by mutex_
};

}  // namespace batchite::batch
