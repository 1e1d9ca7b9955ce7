// A template's `source` of files: {fileGroup | containerUrl, prefix}, and signed addresses of containers. Listings and
// signatures are asked for once each, however many tasks use them. One thread.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/document.h"
#include "core/workflow/file_group.h"
#include "core/workflow/report.h"
#include "core/workflow/storage.h"

namespace batchite::workflow {

struct SourceFile {
  std::string name;  // of the blob
  std::string url;   // signed for reading
};

class FileSources {
 public:
  explicit FileSources(Storage& storage) : storage_(storage) {}

  // The files of a source, in name order; may be none. Throws UsageError for a source that is neither kind.
  const std::vector<SourceFile>& list(const Document& source, const std::string& path, const Report& report);

  // Address for writing into a container of the linked account; the container is made.
  std::string write_url(const std::string& container);

 private:
  Storage& storage_;
  std::map<std::pair<std::string, std::string>, std::vector<SourceFile>> listings_;  // by container or address, prefix
  std::map<std::string, std::string> write_urls_;
};

// The container of a group. Throws UsageError naming the place.
std::string check_group(const std::string& file_group, const std::string& path, const Report& report);
// "the file group 'clips' (container fgrp-clips), prefix 'day1/'", for messages.
std::string to_text_of_source(const Document& source);
// The last part of a container's address, without its query.
std::string container_of_url(const std::string& url);

}  // namespace batchite::workflow
