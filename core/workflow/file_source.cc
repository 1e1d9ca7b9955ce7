#include "core/workflow/file_source.h"

#include <fmt/format.h>

#include "core/base/encoding.h"
#include "core/base/error.h"

namespace batchite::workflow {
namespace {

// The blob's address from its container's: the name goes in front of the signature.
std::string url_of_blob(const std::string& container_url, const std::string& blob) {
  const std::size_t query = container_url.find('?');
  return container_url.substr(0, query) + "/" + percent_encode_path(blob) + container_url.substr(query);
}

}  // namespace

const std::vector<SourceFile>& FileSources::list(const Document& source, const std::string& path,
                                                 const Report& report) {
  const Reader reader(source);
  const std::string group = reader.text("fileGroup");
  const std::string url = reader.text("containerUrl");
  if (group.empty() == url.empty()) report.fail(path, "a source has exactly one of fileGroup and containerUrl");
  const std::string prefix = reader.text("prefix");
  const bool is_foreign = url.find('?') != std::string::npos;  // signed by whoever owns it
  const std::string container =
      group.empty() ? container_of_url(url) : check_group(group, member_path(path, "fileGroup"), report);
  auto [listing, is_new] = listings_.try_emplace({is_foreign ? url : container, prefix});
  if (!is_new) return listing->second;
  for (const BlobItem& blob : is_foreign ? storage_.list_url(url, prefix) : storage_.list(container, prefix)) {
    listing->second.push_back(
        {blob.name, is_foreign ? url_of_blob(url, blob.name) : storage_.blob_url(container, blob.name)});
  }
  return listing->second;
}

std::string FileSources::write_url(const std::string& container) {
  auto [url, is_new] = write_urls_.try_emplace(container);
  if (is_new) {
    storage_.ensure_container(container);
    url->second = storage_.container_url(container, Access::Write);
  }
  return url->second;
}

std::string check_group(const std::string& file_group, const std::string& path, const Report& report) {
  try {
    return container_name(file_group);
  } catch (const UsageError& error) {
    report.fail(path, error.what());
  }
}

std::string to_text_of_source(const Document& source) {
  const Reader reader(source);
  const std::string group = reader.text("fileGroup");
  std::string text = group.empty() ? fmt::format("the container {}", container_of_url(reader.text("containerUrl")))
                                   : fmt::format("the file group '{}' (container {})", group, container_name(group));
  if (reader.has("prefix")) text += fmt::format(" under the prefix '{}'", reader.text("prefix"));
  return text;
}

std::string container_of_url(const std::string& url) {
  std::string path = url.substr(0, url.find('?'));
  while (path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

}  // namespace batchite::workflow
