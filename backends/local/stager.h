// Seam between the process host and what moves files: resource files in before a process runs, output files out after.
// Any thread, several at once; blocks until done. Failures are data: the task's failureInfo.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/document.h"
#include "core/host.h"
#include "core/scheduler/state.h"

namespace batchite {

class Stager {
 public:
  virtual ~Stager() = default;

  // `files`: the resourceFiles array. Nothing when all are there.
  virtual std::optional<Failure> stage_in(const Document& files, const std::filesystem::path& working_directory) = 0;

  struct Output {
    std::filesystem::path task_directory;  // its wd is below; fileuploadout.txt and fileuploaderr.txt go here
    std::vector<std::string> environment;  // NAME=value, for patterns
    int exit_code;
  };
  // `files`: the outputFiles array.
  virtual std::optional<Failure> stage_out(const Document& files, const Output& output) = 0;
  // Application packages, below the node's directory of them. Nothing when all are there.
  virtual std::optional<Failure> install(const std::vector<PackageFile>& packages,
                                         const std::filesystem::path& applications) = 0;
  virtual std::optional<Failure> upload_texts(const TextUpload& texts) = 0;
};

}  // namespace batchite
