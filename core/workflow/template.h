// Pool and job templates of the Azure Batch CLI extension: from files and parameter values to the bodies that are sent
// to the service. Decides everything and does nothing: the account is behind Storage, files and pools behind functions.
// Throws UsageError naming file, JSON path, what is wrong and the remedy; several lines if several things are wrong.
// One thread.
// Source of behaviour: Azure Batch CLI extension 9.0, doc/templates.md and doc/inputFiles.md.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/document.h"
#include "core/workflow/file_group.h"
#include "core/workflow/parameters.h"
#include "core/workflow/report.h"
#include "core/workflow/storage.h"

namespace batchite::workflow {

enum class TemplateKind {
  Pool,         // has `pool`
  Job,          // has `job`
  Application,  // job members at the top, named by a job's applicationTemplateInfo
  PoolBody,     // plain bodies of the REST API: nothing in them is an expression
  JobBody,
  Parameters,  // none of these: names and values
};
TemplateKind template_kind(const Document& document);

struct TemplateFile {
  std::string name;  // its path: for messages, and for what it names relative to itself
  Document document;
};

struct Options {
  bool strict = false;            // unknown properties and parameters are errors
  bool lenient_brackets = false;  // brackets that are no expressions stay
  bool autopool = false;          // the pool becomes the job's own, made and removed with it
};

struct Request {
  std::optional<TemplateFile> pool = std::nullopt;
  std::optional<TemplateFile> job = std::nullopt;
  Document parameters = Document::object();  // as read_parameters() gives them; for both templates
  Options options = {};
  // The text of a file (an application template); nullopt if there is none. Null: there are no files.
  std::function<std::optional<std::string>(const std::string& path)> read_file = nullptr;
  // A pool of the account, to learn its operating system. Null, or nullopt: taken as Linux.
  std::function<std::optional<Document>(const std::string& id)> find_pool = nullptr;
};

struct Plan {
  std::optional<Document> pool = std::nullopt;  // PoolAddParameter
  std::optional<Document> job = std::nullopt;   // JobAddParameter
  std::vector<Document> tasks = {};             // TaskAddParameter, in order
  // For the job once its tasks are in: its onAllTasksComplete, which would end the empty job at once.
  std::optional<Document> patch_after_tasks = std::nullopt;
  FileGroups file_groups = {};
  // The id holds a parameter that was given a value, so a person wants exactly this one.
  bool pool_id_is_chosen = false;
  bool job_id_is_chosen = false;
  std::vector<Warning> warnings = {};
};

Plan expand(const Request& request, Storage& storage);

// The groups that will be read and written, known before anything is uploaded.
FileGroups file_groups(const Request& request);

// Parameters that are used but have neither value nor default, pool's first, each name once.
std::vector<ParameterInfo> missing_parameters(const Request& request);

}  // namespace batchite::workflow
