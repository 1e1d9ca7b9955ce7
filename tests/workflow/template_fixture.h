// Reading fixtures, and requests made of texts. For tests; throws UsageError as the code under test does.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "core/base/document.h"
#include "core/base/error.h"
#include "core/workflow/pretended_storage.h"
#include "core/workflow/template.h"

namespace batchite::workflow {

inline std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline Document read_fixture(const std::string& name) {
  const auto text = read_text(std::string(BATCHITE_FIXTURES) + "/" + name);
  if (!text) throw UsageError("no fixture " + name);
  return parse_document(*text, name);
}

// A job template with one task made by `repeat_task`, whose factory has `more`.
inline Document job_template(const Document& job) { return {{"job", job}}; }

inline Request request_for(const Document& job, const Document& parameters = Document::object()) {
  return {.job = TemplateFile{"job.json", job}, .parameters = parameters};
}

// An account with the clips a and b in the group "clips", and nothing else.
inline PretendedStorage account() {
  return PretendedStorage("store.test", {{"fgrp-clips", {{"day1/a.mp4", 1}, {"day1/b c.mp4", 2}, {"day2/d.tar.gz", 3}}},
                                         {"fgrp-empty", {}}});
}

// What expand() refuses, as text; empty if it does not.
inline std::string refusal(const Request& request) {
  PretendedStorage storage = account();
  try {
    expand(request, storage);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

inline Plan expanded(const Request& request) {
  PretendedStorage storage = account();
  return expand(request, storage);
}

inline std::vector<std::string> texts(const std::vector<Warning>& warnings) {
  std::vector<std::string> result;
  for (const Warning& one : warnings) result.push_back(to_text(one));
  return result;
}

}  // namespace batchite::workflow
