#include "core/blob/conditions.h"

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

std::optional<std::string> text_of(const Parameters& headers, std::string_view prefix, std::string_view name) {
  const std::string* value = headers.find(std::string(prefix) + std::string(name));
  if (!value || value->find_first_not_of(" \t") == std::string::npos) return std::nullopt;
  return *value;
}

std::optional<Time> date_of(const Parameters& headers, std::string_view prefix, std::string_view name) {
  const auto text = text_of(headers, prefix, name);
  return text ? parse_http_date(*text) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

bool lists(std::string_view list, Time revision) {
  const std::string quoted = quoted_etag(revision);
  const std::string bare = quoted.substr(1, quoted.size() - 2);
  while (true) {
    const auto comma = list.find(',');
    const std::string_view tag = trimmed(list.substr(0, comma));
    if (tag == quoted || tag == bare || tag == "*") return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

auto seconds(Time time) { return std::chrono::floor<std::chrono::seconds>(time); }

bool is_any(const std::optional<std::string>& list) { return list && trimmed(*list) == "*"; }

}  // namespace

std::string quoted_etag(Time revision) { return '"' + etag(revision) + '"'; }

Conditions::Conditions(const Parameters& headers, std::string_view prefix)
    : if_match_(text_of(headers, prefix, "If-Match")),
      if_none_match_(text_of(headers, prefix, "If-None-Match")),
      modified_since_(date_of(headers, prefix, "If-Modified-Since")),
      unmodified_since_(date_of(headers, prefix, "If-Unmodified-Since")) {}

bool Conditions::match_holds(const Version& version) const { return !if_match_ || lists(*if_match_, version.revision); }
bool Conditions::none_match_holds(const Version& version) const {
  return !if_none_match_ || !lists(*if_none_match_, version.revision);
}
bool Conditions::modified_holds(const Version& version) const {
  return !modified_since_ || seconds(version.modified) > seconds(*modified_since_);
}
bool Conditions::unmodified_holds(const Version& version) const {
  return !unmodified_since_ || seconds(version.modified) <= seconds(*unmodified_since_);
}

void Conditions::check_read(const Version& version) const {
  if (is_any(if_none_match_)) throw Error(kUnsatisfiableCondition);
  if (!match_holds(version) || !unmodified_holds(version)) throw Error(kConditionNotMet);
  if (!if_none_match_ && !modified_since_) return;
  const bool changed = (if_none_match_ && none_match_holds(version)) || (modified_since_ && modified_holds(version));
  if (!changed) throw Error(kNotModified);
}

void Conditions::refuse_mixes() const {
  const int given = int{if_match_.has_value()} + int{if_none_match_.has_value()} + int{modified_since_.has_value()} +
                    int{unmodified_since_.has_value()};
  const bool pair = given == 2 && ((if_none_match_ && modified_since_) || (if_match_ && unmodified_since_));
  if (given > 1 && !pair) throw Error(kMultipleConditionHeadersNotSupported);
}

void Conditions::check_write(const Version& version) const {
  refuse_mixes();
  // Of an allowed pair the ETag decides.
  const bool holds = if_match_        ? match_holds(version)
                     : if_none_match_ ? none_match_holds(version)
                                      : modified_holds(version) && unmodified_holds(version);
  if (!holds) throw Error(kConditionNotMet);
}

void Conditions::check_create(const Version* current) const {
  refuse_mixes();
  if (!current) {
    if (if_match_) throw Error(kConditionNotMet);
    return;  // what is not there has not been modified
  }
  if (is_any(if_none_match_)) throw Error(kBlobAlreadyExists);
  check_write(*current);
}

void Conditions::check_source(const Version& version) const {
  if (!match_holds(version) || !none_match_holds(version) || !modified_holds(version) || !unmodified_holds(version)) {
    throw Error(kSourceConditionNotMet);
  }
}

}  // namespace batchite
