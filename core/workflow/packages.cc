#include "core/workflow/packages.h"

#include <fmt/format.h>

#include <algorithm>

namespace batchite::workflow {
namespace {

struct Kind {
  std::string_view type;
  OperatingSystem system;
  std::string_view before;  // what comes in front of the installs
  std::string_view between;
  std::string (*install)(const Reader& reference);
};

std::string install_apt(const Reader& reference) {
  const std::string version = reference.text("version");
  return "apt-get install -y " + reference.text("id") + (version.empty() ? "" : "=" + version);
}

std::string install_yum(const Reader& reference) {
  const std::string version = reference.text("version");
  const std::string excludes = reference.text("disableExcludes");
  return "yum -y install " + reference.text("id") + (version.empty() ? "" : "-" + version) +
         (excludes.empty() ? "" : " --disableexcludes=" + excludes);
}

std::string install_chocolatey(const Reader& reference) {
  const std::string version = reference.text("version");
  return "choco install " + reference.text("id") + (version.empty() ? "" : " --version " + version) +
         (reference.get("allowEmptyChecksums", false) ? " --allow-empty-checksums" : "");
}

constexpr std::string_view kGetChocolatey =
    "powershell -NoProfile -ExecutionPolicy unrestricted -Command \"(iex ((new-object net.webclient).DownloadString("
    "'https://chocolatey.org/install.ps1')))\" && SET PATH=\"%PATH%;%ALLUSERSPROFILE%\\chocolatey\\bin\" && choco "
    "feature "
    "enable -n=allowGlobalConfirmation & ";

constexpr Kind kKinds[] = {
    {"aptPackage", OperatingSystem::Linux, "apt-get update;", ";", install_apt},
    {"yumPackage", OperatingSystem::Linux, "", ";", install_yum},
    {"chocolateyPackage", OperatingSystem::Windows, kGetChocolatey, " & ", install_chocolatey},
};

void check_named(const Document& reference, const std::string& path, const Report& report) {
  if (Reader(reference).text("type").empty() || Reader(reference).text("id").empty()) {
    report.fail(path, "a package reference needs a type and an id");
  }
}

const Kind& kind_of(const Document& reference, const std::string& path, const Report& report) {
  const std::string type = Reader(reference).text("type");
  const auto* kind =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& one) { return one.type == type; });
  if (kind != std::end(kKinds)) return *kind;
  if (type == "applicationPackage") {
    report.fail(path, "applicationPackage is not supported here; use the service's applicationPackageReferences");
  }
  report.fail(path,
              fmt::format("unknown package type '{}'; there are aptPackage, yumPackage and chocolateyPackage", type));
}

}  // namespace

std::string install_command(const Document& references, const std::string& path, OperatingSystem system,
                            const Report& report) {
  const Kind* list_kind = nullptr;
  std::string command;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const std::string at = item_path(path, i);
    check_named(references[i], at, report);
    const Kind& kind = kind_of(references[i], at, report);
    if (list_kind && list_kind != &kind) {
      report.fail(at,
                  fmt::format("{} and {} in one list; a list holds one kind of package", list_kind->type, kind.type));
    }
    if (kind.system != system) {
      report.fail(at, fmt::format("{} is for {} pools only", kind.type,
                                  kind.system == OperatingSystem::Linux ? "Linux" : "Windows"));
    }
    command += (list_kind ? kind.between : kind.before);
    command += kind.install(Reader(references[i]));
    list_kind = &kind;
  }
  return command;
}

Document with_setup(const Document* task, const std::string& install, OperatingSystem system) {
  const bool is_linux = system == OperatingSystem::Linux;
  Document result = task ? *task : Document::object();
  std::string command = install;
  if (const std::string own = Reader(result).text("commandLine"); !own.empty()) {
    command += (is_linux ? ";" : " & ") + without_prefix(own);
  }
  result["commandLine"] = is_linux ? "/bin/bash -c " + shell_quote(command) : fmt::format("cmd.exe /c \"{}\"", command);
  result["userIdentity"] = {{"autoUser", {{"scope", is_linux ? "pool" : "task"}, {"elevationLevel", "admin"}}}};
  result["waitForSuccess"] = true;
  return result;
}

void install_on_pool(Document& pool, const std::string& path, const Report& report) {
  const auto references = pool.find("packageReferences");
  if (references == pool.end()) return;
  const OperatingSystem system = operating_system(pool);
  const std::string install = install_command(*references, member_path(path, "packageReferences"), system, report);
  pool.erase("packageReferences");
  if (!install.empty()) pool["startTask"] = with_setup(Reader(pool).find("startTask"), install, system);
}

void collect_packages(Document& task, const std::string& path, Document& all, const Report& report) {
  const auto references = task.find("packageReferences");
  if (references == task.end()) return;
  for (std::size_t i = 0; i < references->size(); ++i) {
    const Document& reference = (*references)[i];
    check_named(reference, item_path(member_path(path, "packageReferences"), i), report);
    const bool is_known =
        std::any_of(all.begin(), all.end(), [&](const Document& one) { return one["id"] == reference["id"]; });
    if (!is_known) all.push_back(reference);
  }
  task.erase("packageReferences");
}

}  // namespace batchite::workflow
