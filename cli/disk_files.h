// Inputs and outputs of a run on this machine's disks. Patterns: * any characters of a name, ** any folders, ? one
// character, [abc] one of them; names beginning with a dot only match a dot. Links are followed.
// open() and save() from any thread.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/workflow/events.h"

namespace batchite::cli {

class DiskFiles : public workflow::Files {
 public:
  explicit DiskFiles(std::filesystem::path output) : output_(std::move(output)) {}
  std::vector<workflow::LocalFile> find(const std::string& pattern) override;
  std::unique_ptr<ByteSource> open(const workflow::LocalFile& file) override;
  std::string save(const std::string& name, ByteSource& content) override;

 private:
  std::filesystem::path output_;
};

}  // namespace batchite::cli
