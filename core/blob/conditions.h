// Conditional headers: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since. An empty header counts as
// absent, as does a date that cannot be read; ETags are compared with or without their quotes; dates to the second.
// Source: learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations.
// Pure; any thread. Throws Error with the code and status that the service gives for each kind of operation.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parameters.h"
#include "core/base/time.h"

namespace batchite {

// "\"0x8DA9061E1BED87D\"": as headers carry it.
std::string quoted_etag(Time revision);

// What conditions look at; null where there is no such blob.
struct Version {
  Time revision;
  Time modified;
};

class Conditions {
 public:
  // `prefix` is "x-ms-source-" for the source of a copy.
  explicit Conditions(const Parameters& headers, std::string_view prefix = "");

  bool any() const { return if_match_ || if_none_match_ || modified_since_ || unmodified_since_; }
  bool only_dates() const { return !if_match_ && !if_none_match_; }
  bool only_modified_since() const { return only_dates() && !unmodified_since_; }

  void check_read(const Version& version) const;
  // An existing blob or container that is to change. Mixes that the service refuses are refused.
  void check_write(const Version& version) const;
  // Content that may or may not be there yet (null): Put Blob, Put Block List, Copy Blob.
  void check_create(const Version* current) const;
  // The source of a copy: any failure is SourceConditionNotMet.
  void check_source(const Version& version) const;

 private:
  bool match_holds(const Version& version) const;
  bool none_match_holds(const Version& version) const;
  bool modified_holds(const Version& version) const;
  bool unmodified_holds(const Version& version) const;
  void refuse_mixes() const;

  std::optional<std::string> if_match_, if_none_match_;
  std::optional<Time> modified_since_, unmodified_since_;
};

}  // namespace batchite
