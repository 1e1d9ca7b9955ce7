// `app`: applications and their packages, which nodes install before they run tasks.
#include <fmt/format.h>

#include <fstream>

#include "cli/commands.h"
#include "cli/disk_files.h"
#include "core/contract/error_codes.h"
#include "core/workflow/client.h"

namespace batchite::cli {
namespace {

constexpr Column kApplications[] = {
    {"APPLICATION", "id"}, {"DISPLAY NAME", "displayName"}, {"DEFAULT", "defaultVersion"}, {"VERSIONS", "versions"}};
constexpr Column kPackage[] = {
    {"APPLICATION", "application"}, {"VERSION", "version"}, {"STATE", "state"}, {"ACTIVATED", "activated"}};

struct AppFlags {
  std::string name, version, file, display_name;
  bool is_default = false;
};

// A zip file begins so, an empty one too. Better refused here than by every node.
void require_zip(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[4] = {};
  file.read(start, sizeof start);
  const std::string_view seen(start, static_cast<std::size_t>(file.gcount()));
  if (!file && seen.empty()) throw UsageError(fmt::format("{}: cannot be read, or is empty", path));
  if (seen != std::string_view("PK\3\4") && seen != std::string_view("PK\5\6")) {
    throw UsageError(fmt::format("{}: is no zip file; make one with `zip -r {} FOLDER`", path, path));
  }
}

int create(Program& program, const AppFlags& flags) {
  require_zip(flags.file);
  Backend& backend = program.backend();
  Document settings = Document::object();
  if (!flags.display_name.empty()) settings["displayName"] = flags.display_name;
  backend.manage({Management::PutApplication, flags.name, "", settings});
  const Document place = backend.manage({Management::PutPackage, flags.name, flags.version});
  DiskFiles disk(".");
  const std::unique_ptr<ByteSource> content =
      disk.open({.path = flags.file, .name = place["blob"], .size_bytes = std::filesystem::file_size(flags.file)});
  workflow::Containers(backend).put(place["container"], place["blob"], *content);
  Document package = backend.manage({Management::ActivatePackage, flags.name, flags.version, {{"format", "zip"}}});
  if (flags.is_default) {
    backend.manage({Management::PatchApplication, flags.name, "", {{"defaultVersion", flags.version}}});
  }
  package["application"] = flags.name;
  program.printer().list({package}, kPackage);
  return kOk;
}

int list(Program& program, const AppFlags&) {
  std::vector<Document> rows;
  for (Document application : program.backend().manage({Management::ListApplications})) {
    std::string versions;
    for (const Document& package : application["packages"]) {
      versions += (versions.empty() ? "" : " ") + package["version"].get<std::string>();
    }
    application["versions"] = versions;
    rows.push_back(std::move(application));
  }
  program.printer().list(rows, kApplications);
  return kOk;
}

int show(Program& program, const AppFlags& flags) {
  program.printer().one(program.backend().manage({Management::GetApplication, flags.name}));
  return kOk;
}

int remove(Program& program, const AppFlags& flags) {
  const bool all = flags.version.empty();
  Backend& backend = program.backend();
  const Document gone = all ? backend.manage({Management::DeleteApplication, flags.name})
                            : backend.manage({Management::DeletePackage, flags.name, flags.version});
  if (!gone.is_null()) return kOk;
  if (all) throw Error(errors::kApplicationNotFound);
  throw Error(404, "ApplicationPackageNotFound", fmt::format("{} has no version {}.", flags.name, flags.version));
}

int set_default(Program& program, const AppFlags& flags) {
  program.backend().manage({Management::PatchApplication, flags.name, "", {{"defaultVersion", flags.version}}});
  return kOk;
}

using Function = int (*)(Program&, const AppFlags&);

CLI::App* declare(Program& program, CLI::App& parent, const char* name, const char* summary, Function function,
                  const std::shared_ptr<AppFlags>& flags) {
  CLI::App* command = program.add(parent, name, summary);
  program.on_chosen(command, [&program, flags, function] { return function(program, *flags); });
  return command;
}

}  // namespace

void declare_apps(Program& program) {
  CLI::App* apps = program.add(program.app(), "app", "Application packages: programs that nodes install");
  apps->require_subcommand(0, 1);
  const auto flags = std::make_shared<AppFlags>();
  CLI::App* add = declare(program, *apps, "create", "Add a version of an application, or replace it", create, flags);
  add->add_option("name", flags->name)->required();
  add->add_option("version", flags->version)->required();
  add->add_option("file", flags->file)->required()->type_name("FILE.zip");
  add->add_option("--display-name", flags->display_name, "The application's name for people")->type_name("TEXT");
  add->add_flag("--default", flags->is_default, "Make it the version that is meant when none is named");
  declare(program, *apps, "list", "Every application with its versions", list, flags);
  declare(program, *apps, "show", "One application and its packages", show, flags)
      ->add_option("name", flags->name)
      ->required();
  CLI::App* gone = declare(program, *apps, "delete", "Delete an application, or one version of it", remove, flags);
  gone->add_option("name", flags->name)->required();
  gone->add_option("version", flags->version);
  CLI::App* usual =
      declare(program, *apps, "set-default", "The version that is meant when none is named", set_default, flags);
  usual->add_option("name", flags->name)->required();
  usual->add_option("version", flags->version)->required();
}

}  // namespace batchite::cli
