// What is said about a template: warnings that let it go on, problems that end it. Every text names the file, the JSON
// path ("job.properties.taskFactory.repeatTask.commandLine"), what is wrong and the remedy. One thread at a time.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace batchite::workflow {

struct Warning {
  std::string file;
  std::string path;  // empty: the file as a whole
  std::string text;
  bool operator==(const Warning&) const = default;
};

// "FILE: PATH: TEXT"
std::string to_text(const Warning& warning);

// What is wrong with a template, one place each.
class TemplateError : public UsageError {
 public:
  explicit TemplateError(std::vector<Warning> problems);
  const std::vector<Warning>& problems() const { return problems_; }

 private:
  std::vector<Warning> problems_;
};

class Report {
 public:
  explicit Report(std::string file, bool strict = false) : file_(std::move(file)), strict_(strict) {}

  // The same text at the same place is kept once: a thousand tasks of one repeatTask warn once.
  void warn(const std::string& path, const std::string& text);
  // An unknown property or parameter: a problem when strict, else a warning.
  void warn_or_refuse(const std::string& path, const std::string& text);
  // Kept until refuse_problems(), so that everything wrong is told at once.
  void problem(const std::string& path, const std::string& text);
  // Throws TemplateError with all problems, one a line, if there are any.
  void refuse_problems() const;
  [[noreturn]] void fail(const std::string& path, const std::string& text) const;

  const std::string& file() const { return file_; }
  const std::vector<Warning>& warnings() const { return warnings_; }
  const std::vector<Warning>& problems() const { return problems_; }

 private:
  std::string file_;
  bool strict_;
  std::vector<Warning> warnings_, problems_;
  std::set<std::pair<std::string, std::string>> seen_;
};

// PATH.NAME, and NAME alone at the top. Names that are no plain words are written PATH['a.b'].
std::string member_path(const std::string& path, const std::string& name);
std::string item_path(const std::string& path, std::size_t index);

// The candidate with the fewest edits, case ignored, if it is near enough to be what was meant; else empty.
std::string nearest(const std::string& name, const std::vector<std::string>& candidates);
// The `count` candidates with the fewest edits, the nearest first, of those of equal distance in the order of their
// names.
std::vector<std::string> nearest_few(const std::string& name, const std::vector<std::string>& candidates,
                                     std::size_t count);
// "; did you mean 'x'?" or nothing.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace batchite::workflow
