#include "core/workflow/staging.h"

#include <fmt/format.h>

#include "core/base/encoding.h"

namespace batchite::workflow {
namespace {

std::string without_slashes(const std::string& text) {
  const std::size_t first = text.find_first_not_of("/\\");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of("/\\") - first + 1);
}

// The resource file with another address and name, and everything else that was put on it.
Document resource_file(const Document& pattern, const std::string& url, const std::string& name) {
  Document result = {{"httpUrl", url}, {"filePath", name}};
  for (const auto& [key, value] : pattern.items()) {
    if (key != "source" && key != "filePath") result[key] = value;
  }
  return result;
}

Document from_url(const Document& pattern, const std::string& url, const std::string& path, const Report& report) {
  std::string name = Reader(pattern).text("filePath");
  if (name.empty()) name = percent_decode(container_of_url(url));
  if (name.empty()) report.fail(path, "no file name in the url; add filePath");
  return resource_file(pattern, url, name);
}

[[noreturn]] void nothing_matches(const Document& source, const std::string& path, const Report& report) {
  const bool is_merge = path.find("mergeTask") != std::string::npos;
  report.fail(
      path,
      fmt::format("no blob in {}{}", to_text_of_source(source),
                  is_merge ? "; the outputs of the other tasks are not there yet when a job is submitted, so name "
                             "them by autoStorageContainerName or storageContainerUrl"
                           : "; upload the files first"));
}

void append_from_source(Document& files, const Document& pattern, const std::string& path, FileSources& sources,
                        const Report& report) {
  const Document& source = pattern["source"];
  if (const std::string url = Reader(source).text("url"); !url.empty()) {
    files.push_back(from_url(pattern, url, path, report));
    return;
  }
  const std::vector<SourceFile>& found = sources.list(source, member_path(path, "source"), report);
  if (found.empty()) nothing_matches(source, member_path(path, "source"), report);
  const std::string file_path = Reader(pattern).text("filePath");
  if (found.size() == 1 && found[0].name == Reader(source).text("prefix")) {
    files.push_back(resource_file(pattern, found[0].url, file_path.empty() ? found[0].name : file_path));
    return;
  }
  const std::string folder = without_slashes(file_path);
  for (const SourceFile& file : found) {
    files.push_back(resource_file(pattern, file.url, folder.empty() ? file.name : folder + "/" + file.name));
  }
}

void append_resource_file(Document& files, const Document& file, const std::string& path, FileSources& sources,
                          const Report& report) {
  int kinds = 0;
  for (const char* kind : {"httpUrl", "autoStorageContainerName", "storageContainerUrl", "source"}) {
    kinds += Reader(file).has(kind) ? 1 : 0;
  }
  if (kinds != 1) {
    report.fail(path,
                "a resource file has exactly one of httpUrl, autoStorageContainerName, storageContainerUrl and source");
  }
  if (Reader(file).has("source")) return append_from_source(files, file, path, sources, report);
  if (Reader(file).has("httpUrl") && Reader(file).text("filePath").empty()) {
    report.fail(path, "a resource file with an httpUrl needs a filePath");
  }
  files.push_back(file);
}

}  // namespace

void resolve_resource_files(Document& document, const std::string& path, FileSources& sources, const Report& report) {
  if (document.is_array()) {
    for (std::size_t i = 0; i < document.size(); ++i) {
      resolve_resource_files(document[i], item_path(path, i), sources, report);
    }
  }
  if (!document.is_object()) return;
  for (auto& [name, value] : document.items()) {
    const std::string at = member_path(path, name);
    if ((name != "resourceFiles" && name != "commonResourceFiles") || !value.is_array()) {
      resolve_resource_files(value, at, sources, report);
      continue;
    }
    Document files = Document::array();
    for (std::size_t i = 0; i < value.size(); ++i)
      append_resource_file(files, value[i], item_path(at, i), sources, report);
    value = std::move(files);
  }
}

namespace {

void resolve_destination(Document& destination, const std::string& path, FileSources& sources, const Report& report) {
  const bool has_group = Reader(destination).has("autoStorage");
  if (has_group == Reader(destination).has("container")) {
    report.fail(path, "an output file's destination has exactly one of container and autoStorage");
  }
  if (!has_group) {
    Document& container = destination["container"];
    const std::string url = Reader(container).text("containerUrl");
    if (url.empty()) report.fail(path, "container needs a containerUrl");
    // A managed identity signs for itself.
    if (url.find('?') == std::string::npos && !Reader(container).has("identityReference")) {
      container["containerUrl"] = sources.write_url(container_of_url(url));
    }
    return;
  }
  const Reader group(destination["autoStorage"]);
  if (group.text("fileGroup").empty()) report.fail(path, "autoStorage needs a fileGroup");
  Document container = Document::object();
  if (group.has("path")) container["path"] = group.text("path");
  container["containerUrl"] = sources.write_url(
      check_group(group.text("fileGroup"), member_path(member_path(path, "autoStorage"), "fileGroup"), report));
  destination.erase("autoStorage");
  destination["container"] = std::move(container);
}

}  // namespace

void resolve_output_files(Document* task, const std::string& path, FileSources& sources, const Report& report) {
  if (!task || !Reader(*task).has("outputFiles")) return;
  Document& files = (*task)["outputFiles"];
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string at = item_path(member_path(path, "outputFiles"), i);
    if (!Reader(files[i]).has("destination")) report.fail(at, "an output file needs a destination");
    resolve_destination(files[i]["destination"], member_path(at, "destination"), sources, report);
  }
}

}  // namespace batchite::workflow
