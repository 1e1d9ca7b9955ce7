#include "core/workflow/transfer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/workflow/diagnosis.h"

namespace batchite::workflow {
namespace {

constexpr Ticks kSignedFor = std::chrono::days(7);

bool is_safe_name(const std::string& name) {
  std::size_t start = 0;
  while (start <= name.size()) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos) return false;
    start = end + 1;
  }
  return true;
}

std::vector<BlobItem> items_of(const std::vector<StoredBlob>& blobs) {
  std::vector<BlobItem> items;
  items.reserve(blobs.size());
  for (const StoredBlob& blob : blobs) items.push_back({blob.name, blob.size_bytes});
  return items;
}

// How long `work` takes, told before and after.
template <class Work>
void stage(Observer& observer, const Pace& pace, const StageStarted& started, Work work) {
  observer.on(started);
  const Time begin = pace.now();
  work();
  observer.on(StageFinished{started.stage, started.subject, pace.now() - begin});
}

// Content that comes to an end with the run.
class CancellableSource : public ByteSource {
 public:
  CancellableSource(ByteSource& content, const Pace& pace) : content_(content), pace_(pace) {}
  std::size_t read(std::span<char> into) override {
    if (pace_.cancelled()) throw Error(499, "Cancelled", "The transfer was given up.");
    return content_.read(into);
  }
  std::optional<std::uint64_t> size() const override { return content_.size(); }
  std::optional<File> file() const override { return content_.file(); }

 private:
  ByteSource& content_;
  const Pace& pace_;
};

}  // namespace

RunStorage::RunStorage(Backend& backend, Pace& pace, Observer& observer, Parameters mark)
    : containers_(backend), pace_(pace), observer_(observer), mark_(std::move(mark)) {}

std::vector<BlobItem> RunStorage::list(const std::string& container, const std::string& prefix) {
  try {
    return items_of(containers_.blobs(container, prefix));
  } catch (const Error& error) {
    if (error.code() == "ContainerNotFound") return {};
    throw;
  }
}

std::vector<BlobItem> RunStorage::list_url(const std::string& container_url, const std::string& prefix) {
  return list(container_of(container_url), prefix);
}

std::string RunStorage::container_url(const std::string& container, Access access) {
  if (access == Access::Write) note_written(container);
  return containers_.sas_url({.container = container,
                              .permissions = access == Access::Write ? "w" : "rl",
                              .expiry = after(pace_.now(), kSignedFor)});
}

std::string RunStorage::blob_url(const std::string& container, const std::string& blob) {
  return containers_.sas_url(
      {.container = container, .blob = blob, .permissions = "r", .expiry = after(pace_.now(), kSignedFor)});
}

void RunStorage::ensure_container(const std::string& container) {
  if (!known_.insert(container).second) return;
  stage(observer_, pace_, {Stage::CreateContainer, container}, [&] {
    if (containers_.create(container, mark_)) {
      made_.push_back(container);
      return;
    }
    auto& etags = before_[container];
    for (const StoredBlob& blob : containers_.blobs(container)) etags[blob.name] = blob.etag;
  });
}

void RunStorage::note_written(const std::string& container) {
  ensure_container(container);
  written_.insert(container);
}

void RunStorage::upload(const Input& input, Files& files) {
  const std::vector<LocalFile> found = files.find(input.pattern);
  ensure_container(input.container);
  stage(observer_, pace_, {Stage::Upload, input.container, found.size()}, [&] {
    std::vector<char> is_there(found.size());
    const auto put = [&](std::size_t number) {
      if (pace_.cancelled()) return;
      const LocalFile& file = found[number];
      Parameters metadata;
      if (file.modified) metadata.add("lastmodified", iso8601(*file.modified));
      const auto content = files.open(file);
      CancellableSource source(*content, pace_);
      naming("File", file.path, [&] { containers_.put(input.container, file.name, source, metadata); });
      is_there[number] = 1;
    };
    containers_.backend().each(found.size(), put, [&](std::size_t number) {
      const LocalFile& file = found[number];
      if (is_there[number] != 0) observer_.on(FileUploaded{file.path, input.container, file.size_bytes});
    });
    if (pace_.cancelled()) return;
    // What was put there is not an output, even if the tasks write to the same group.
    auto& etags = before_[input.container];
    for (const StoredBlob& blob : containers_.blobs(input.container)) etags[blob.name] = blob.etag;
  });
}

std::vector<std::string> RunStorage::keep_written() {
  std::vector<std::string> kept;
  for (const std::string& container : made_) {
    if (written_.contains(container)) kept.push_back(container);
  }
  for (const std::string& container : kept) {
    containers_.set_metadata(container, {});
    std::erase(made_, container);
  }
  return kept;
}

std::map<std::string, std::vector<StoredBlob>> RunStorage::written() {
  std::map<std::string, std::vector<StoredBlob>> all;
  for (const std::string& container : written_) all[container] = containers_.blobs(container);
  return all;
}

std::map<std::string, std::vector<StoredBlob>> RunStorage::outputs() {
  auto all = written();
  for (auto& [container, blobs] : all) {
    const auto& old = before_[container];
    std::erase_if(blobs, [&](const StoredBlob& blob) {
      const auto it = old.find(blob.name);
      return it != old.end() && it->second == blob.etag;
    });
  }
  return all;
}

bool RunStorage::download(Files& files) {
  const auto all = outputs();
  // With one output group its files lie in the output folder itself, else each group has a folder.
  const bool by_group = std::ranges::count_if(all, [](const auto& entry) { return !entry.second.empty(); }) > 1;
  for (const auto& [container, blobs] : all) {
    stage(observer_, pace_, {Stage::Download, container, blobs.size()}, [&, &container = container, &blobs = blobs] {
      const std::string group = container.starts_with("fgrp-") ? container.substr(5) : container;
      std::vector<std::string> paths(blobs.size());
      const auto get = [&](std::size_t number) {
        const std::string& name = blobs[number].name;
        if (pace_.cancelled() || !is_safe_name(name)) return;
        naming("Blob", name, [&] {
          const auto content = containers_.get(container, name);
          CancellableSource source(*content, pace_);
          paths[number] = files.save(by_group ? group + "/" + name : name, source);
        });
      };
      containers_.backend().each(blobs.size(), get, [&](std::size_t number) {
        const std::string& name = blobs[number].name;
        if (!paths[number].empty()) return observer_.on(FileDownloaded{container, name, paths[number]});
        if (is_safe_name(name)) return;  // it was cancelled
        observer_.on(Notice{fmt::format("output '{}' of container {} was not downloaded: no file can have this name",
                                        name, container)});
      });
    });
  }
  return !pace_.cancelled();
}

}  // namespace batchite::workflow
