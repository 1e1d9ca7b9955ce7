// `container` and `blob`: the linked storage account by hand.
#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "backends/system/real.h"
#include "cli/commands.h"
#include "cli/disk_files.h"
#include "cli/interrupt.h"
#include "cli/template_files.h"
#include "core/workflow/transfer.h"

namespace batchite::cli {
namespace {

constexpr Column kContainers[] = {{"CONTAINER", "name"}};
constexpr Column kBlobs[] = {{"BLOB", "name"}, {"SIZE", "size", true}, {"ETAG", "etag"}};

struct BlobFlags {
  std::string container, blob, prefix, permissions = "r", expiry = "7d";
  std::vector<std::string> files;
  std::string to = ".";
};

int list_containers(Program& program, const BlobFlags&) {
  std::vector<Document> rows;
  for (const auto& container : workflow::Containers(program.backend()).list()) {
    rows.push_back({{"name", container.name}, {"metadata", container.metadata}});
  }
  program.printer().list(rows, kContainers);
  return kOk;
}

int create_container(Program& program, const BlobFlags& flags) {
  if (workflow::Containers(program.backend()).create(flags.container, {})) return kOk;
  throw Error(409, "ContainerAlreadyExists", fmt::format("The container {} already exists.", flags.container));
}

int delete_container(Program& program, const BlobFlags& flags) {
  workflow::Containers(program.backend()).remove(flags.container);
  return kOk;
}

int list_blobs(Program& program, const BlobFlags& flags) {
  std::vector<Document> rows;
  for (const auto& blob : workflow::Containers(program.backend()).blobs(flags.container, flags.prefix)) {
    rows.push_back({{"name", blob.name}, {"size", blob.size_bytes}, {"etag", blob.etag}});
  }
  program.printer().list(rows, kBlobs);
  return kOk;
}

int upload_blobs(Program& program, const BlobFlags& flags) {
  DiskFiles disk(".");
  workflow::Containers containers(program.backend());
  std::vector<workflow::LocalFile> files;
  for (const std::string& pattern : flags.files) {
    for (workflow::LocalFile& file : disk.find(pattern)) files.push_back(std::move(file));
  }
  std::vector<Document> rows;
  const auto put = [&](std::size_t number) {
    const workflow::LocalFile& file = files[number];
    const auto content = disk.open(file);
    workflow::naming("File", file.path, [&] { containers.put(flags.container, flags.prefix + file.name, *content); });
  };
  program.backend().each(files.size(), put, [&](std::size_t number) {
    rows.push_back({{"name", flags.prefix + files[number].name}, {"size", files[number].size_bytes}});
  });
  program.printer().list(rows, Columns(kBlobs).first(2));
  return kOk;
}

// The blobs whose names begin with the prefix, or the one that is named.
int download_blobs(Program& program, const BlobFlags& flags) {
  static constexpr Column columns[] = {{"BLOB", "name"}, {"FILE", "file"}};
  DiskFiles disk(flags.to);
  workflow::Containers containers(program.backend());
  struct Wanted {
    std::string blob, file;
  };
  std::vector<Wanted> wanted;
  std::set<std::string> files;
  for (const auto& blob : containers.blobs(flags.container, flags.blob.empty() ? flags.prefix : flags.blob)) {
    if (!flags.blob.empty() && blob.name != flags.blob) continue;
    const std::filesystem::path name = std::filesystem::path(blob.name).lexically_normal();
    if (name.is_absolute() || name.empty() || *name.begin() == "..") {
      program.warn(fmt::format("blob '{}' is left out: its name leads out of {}", blob.name, flags.to));
    } else if (!files.insert(name.string()).second) {
      program.warn(fmt::format("blob '{}' is left out: its file would be that of another one", blob.name));
    } else {
      wanted.push_back({blob.name, name.string()});
    }
  }
  std::vector<Document> rows;
  const auto get = [&](std::size_t number) {
    auto& [blob, file] = wanted[number];
    workflow::naming("Blob", blob, [&] { file = disk.save(file, *containers.get(flags.container, blob)); });
  };
  program.backend().each(wanted.size(), get, [&](std::size_t number) {
    rows.push_back({{"name", wanted[number].blob}, {"file", wanted[number].file}});
  });
  if (rows.empty() && !flags.blob.empty()) throw Error(404, "BlobNotFound", "The specified blob does not exist.");
  program.printer().list(rows, columns);
  return kOk;
}

int delete_blob(Program& program, const BlobFlags& flags) {
  Backend& backend = program.backend();
  backend.blob({.operation = BlobOperation::DeleteBlob,
                .account = backend.storage_account(),
                .container = flags.container,
                .blob = flags.blob});
  return kOk;
}

int sign(Program& program, const BlobFlags& flags) {
  const Ticks life = parse_timeout(flags.expiry, "--expiry");
  const Time now = clock_now();
  const std::string url = program.backend().sas_url(
      {.container = flags.container, .blob = flags.blob, .permissions = flags.permissions, .expiry = after(now, life)});
  program.printer().list({{{"url", url}}});
  return kOk;
}

using Function = int (*)(Program&, const BlobFlags&);

struct Row {
  const char* name;
  const char* summary;
  Function function;
  std::string_view takes;  // c: container, b: blob, B: blob if given, p: --prefix, f: files, t: --to, s: signature
};

constexpr Row kContainerRows[] = {
    {"list", "The account's containers", list_containers, ""},
    {"create", "Make a container", create_container, "c"},
    {"delete", "Delete a container and what it holds", delete_container, "c"},
};
constexpr Row kBlobRows[] = {
    {"list", "The blobs of a container", list_blobs, "cp"},
    {"upload", "Files, folders and patterns into a container", upload_blobs, "cfp"},
    {"download", "Blobs into a folder", download_blobs, "cBpt"},
    {"delete", "Delete a blob", delete_blob, "cb"},
    {"sas", "A signed address of a container or a blob", sign, "cBs"},
};

void declare(Program& program, CLI::App& parent, const Row& row) {
  auto flags = std::make_shared<BlobFlags>();
  CLI::App* command = program.add(parent, row.name, row.summary);
  for (const char take : row.takes) {
    switch (take) {
      case 'c':
        command->add_option("container", flags->container)->required();
        break;
      case 'b':
        command->add_option("blob", flags->blob)->required();
        break;
      case 'B':
        command->add_option("blob", flags->blob);
        break;
      case 'p':
        command->add_option("--prefix", flags->prefix, "What the names begin with")->type_name("TEXT");
        break;
      case 'f':
        command->add_option("files", flags->files)->required()->type_name("FILE|FOLDER|GLOB");
        break;
      case 't':
        command->add_option("--to", flags->to, "The folder")->type_name("DIR")->capture_default_str();
        break;
      case 's':
        command->add_option("--permissions", flags->permissions, "In the service's order: racwdl")
            ->type_name("LETTERS");
        command->add_option("--expiry", flags->expiry, "How long it is good for")->type_name("TIME");
        break;
      default:
        break;
    }
  }
  program.on_chosen(command, [&program, flags, function = row.function] { return function(program, *flags); });
}

}  // namespace

void declare_blobs(Program& program) {
  CLI::App* containers = program.add(program.app(), "container", "Containers of the linked storage account");
  for (const Row& row : kContainerRows) declare(program, *containers, row);
  CLI::App* blobs = program.add(program.app(), "blob", "Blobs of the linked storage account");
  for (const Row& row : kBlobRows) declare(program, *blobs, row);
  for (CLI::App* noun : {containers, blobs}) noun->require_subcommand(0, 1);
}

}  // namespace batchite::cli
