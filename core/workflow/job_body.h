// A job template's body made into what is sent: its application template, its factory's tasks, packages, shells, files.
// One thread. Throws UsageError.
#pragma once
#include "core/workflow/body.h"
#include "core/workflow/command_line.h"
#include "core/workflow/file_source.h"

namespace batchite::workflow {

struct JobParts {
  Document job;
  std::vector<Document> tasks = {};
  std::optional<Document> patch_after_tasks = std::nullopt;
};

struct JobSeams {
  FileSources& sources;
  AskSystem system;  // of the pool the job runs on
  Report& report;
};

// `body` has its application template applied.
JobParts make_job(const Body& body, const JobSeams& seams);

}  // namespace batchite::workflow
