#include "backends/local/output_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <mutex>

#include "backends/local/file_descriptor.h"
#include "backends/local/file_pattern.h"
#include "backends/local/resource_files.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

// The directory of the node that a task's directory belongs to (…/{node}/workitems/{job}/job-1/{task},
// …/{node}/startup).
fs::path node_directory(const fs::path& task_directory) {
  fs::path node;
  for (const fs::path& part : task_directory) {
    if (part == "workitems" || part == "startup") return node;
    node /= part;
  }
  return task_directory;
}

bool leads_into(const fs::path& link, const fs::path& directory) {
  std::error_code error;
  const fs::path target = fs::canonical(link, error), root = fs::canonical(directory, error);
  if (error || !fs::is_regular_file(target, error)) return false;
  const auto [end, at] = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
  return end == root.end();
}

bool is_wanted_file(const fs::path& file, const fs::path& node) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(file, error);
  if (error) return false;
  if (status.type() == fs::file_type::symlink) return leads_into(file, node);
  return status.type() == fs::file_type::regular;
}

void walk(const fs::path& directory, const std::string& relative, const FilePattern& pattern, const fs::path& node,
          std::vector<FoundFile>& found) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string leaf = entry->path().filename().string();
    const std::string name = relative.empty() ? leaf : fmt::format("{}/{}", relative, leaf);
    if (pattern.matches(name) && is_wanted_file(entry->path(), node)) found.push_back({entry->path(), name});
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() == fs::file_type::directory && pattern.may_match_below(name)) {
      walk(entry->path(), name, pattern, node, found);
    }
  }
}

bool applies(const std::string& condition, int exit_code) {
  const std::string folded = fold(condition);
  if (folded == "tasksuccess") return exit_code == 0;
  if (folded == "taskfailure") return exit_code != 0;
  return true;  // taskcompletion, the default
}

Parameters upload_headers(const Reader& options) {
  Parameters headers;
  for (const Document& header : options.array("uploadHeaders")) {
    headers.set(Reader(header).text("name"), Reader(header).text("value"));
  }
  return headers;
}

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

// The two files that the service leaves in a task's directory after an upload.
class UploadLog {
 public:
  explicit UploadLog(const fs::path& directory)
      : out_(directory / "fileuploadout.txt"), err_(directory / "fileuploaderr.txt") {}
  void note(const std::string& line) {
    const std::lock_guard guard(lock_);
    out_ << line << '\n';
  }
  void complain(const std::string& line) {
    const std::lock_guard guard(lock_);
    err_ << line << '\n';
  }

 private:
  std::mutex lock_;
  std::ofstream out_, err_;
};

}  // namespace

Failure upload_failure(const TransferError& error, const std::string& file, const std::string& url) {
  const FailureDetails details = {{"FilePath", file}, {"BlobUrl", without_query(url)}, {"Message", error.message}};
  if (error.denied()) return failure_of(failures::kFileUploadAccessDenied, details);
  if (error.missing()) return failure_of(failures::kFileUploadContainerNotFound, details);
  if (error.timed_out) return failure_of(failures::kFileUploadTimedOut, details);
  return failure_of(failures::kFileUploadMiscError, details);
}

FoundFiles find_output_files(const std::string& pattern, const fs::path& task_directory) {
  const FilePattern parsed(pattern);
  const fs::path base = (task_directory / "wd" / parsed.base()).lexically_normal();
  const fs::path node = node_directory(task_directory.lexically_normal());
  FoundFiles found{.is_pattern = parsed.has_wildcards()};
  if (found.is_pattern) {
    walk(base, "", parsed, node, found.files);
  } else if (is_wanted_file(base, node)) {
    found.files.push_back({base, base.filename().string()});
  }
  std::sort(found.files.begin(), found.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

std::string output_blob_name(const std::string& path, bool is_pattern, const std::string& name) {
  if (path.empty()) return name;
  if (!is_pattern) return path;
  return path.ends_with('/') ? path + name : path + '/' + name;
}

void OutputFiles::collect(const Document& file, const Stager::Output& output, std::vector<Item>& items,
                          std::vector<std::string>& unmatched) const {
  const Reader reader(file);
  if (!applies(reader.object("uploadOptions").text("uploadCondition"), output.exit_code)) return;
  const std::string pattern = reader.text("filePattern");
  const FoundFiles found = find_output_files(expand_variables(pattern, output.environment), output.task_directory);
  if (found.files.empty()) unmatched.push_back(pattern);
  const Reader destination = reader.object("destination");
  const Reader container = destination.object("container");
  const std::string path = expand_variables(container.text("path"), output.environment);
  for (const FoundFile& match : found.files) {
    items.push_back({{container.text("containerUrl"), container.has("identityReference")},
                     output_blob_name(path, found.is_pattern, match.name),
                     match.file,
                     upload_headers(container)});
  }
}

std::optional<TransferError> OutputFiles::send_one(const Item& item) {
  const FileDescriptor file(::open(item.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return TransferError{.message = std::generic_category().message(errno), .disk_error = errno};
  }
  return transfer_.upload({.container = item.container,
                           .blob = item.blob,
                           .file = file.get(),
                           .size = static_cast<std::uint64_t>(status.st_size),
                           .headers = item.headers});
}

Staging::OutputResult OutputFiles::send(const Document& files, const Stager::Output& output) {
  Staging::OutputResult result;
  std::vector<Item> items;
  for (const Document& file : files) collect(file, output, items, result.unmatched);
  UploadLog log(output.task_directory);
  for (const std::string& pattern : result.unmatched) log.note("No file matches " + pattern);
  result.failure = for_each_at_once(items.size(), options_.parallel, [&](std::size_t i) -> std::optional<Failure> {
    const Item& item = items[i];
    const std::string target = without_query(item.container.url) + '/' + item.blob;
    const auto error = send_one(item);
    if (!error) {
      log.note("Uploaded " + item.file.string() + " to " + target);
      return std::nullopt;
    }
    log.complain("Could not upload " + item.file.string() + " to " + target + ": " + error->message);
    return upload_failure(*error, item.file.string(), item.container.url);
  });
  return result;
}

}  // namespace batchite
