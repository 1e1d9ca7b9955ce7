#include "core/operations/package_references.h"

#include "core/base/ids.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

constexpr std::string_view kReferences = "applicationPackageReferences";

struct Found {
  std::string application;
  Document package = nullptr;
  const char* refusal = nullptr;  // why it cannot be had
};

const Document* package_of(const Document& application, std::string_view version) {
  for (const Document& package : Reader(application).array("packages")) {
    if (same_id(Reader(package).text("version"), version)) return &package;
  }
  return nullptr;
}

Found look_up(Store& store, const Reader& reference) {
  constexpr const char* kMissing = "The specified application package does not exist.";
  Found found{.application = reference.text("applicationId")};
  const auto key = store.find(Kind::Application, 0, found.application);
  if (!key) {
    found.refusal = kMissing;
    return found;
  }
  const Row row = store.get(Kind::Application, *key);
  const Document application = Document::parse(row.spec);
  found.application = row.id;
  const std::string version =
      reference.has("version") ? reference.text("version") : Reader(application).text("defaultVersion");
  const Document* package = package_of(application, version);
  if (version.empty()) {
    found.refusal = "The specified application package does not have a default version set.";
  } else if (!package) {
    found.refusal = kMissing;
  } else {
    found.package = *package;
    if (Reader(*package).text("state") != "active") {
      found.refusal = "The specified application package has not been activated.";
    }
  }
  return found;
}

}  // namespace

void check_package_references(const Change& change, const Document& document) {
  std::vector<ErrorValue> values;
  for (const Document& item : Reader(document).array(kReferences)) {
    const Reader reference(item);
    const Found found = look_up(change.read(), reference);
    if (!found.refusal) continue;
    const std::string version = reference.text("version");
    values.push_back({reference.text("applicationId") + (version.empty() ? "" : ":" + version), found.refusal});
  }
  if (!values.empty()) throw Error(errors::kInvalidApplicationPackageReferences, std::move(values));
}

std::vector<PackageFile> packages_of(Store& store, const std::string& spec) {
  std::vector<PackageFile> packages;
  if (spec.find(kReferences) == std::string::npos) return packages;  // most have none: not worth parsing
  const Document document = Document::parse(spec);
  for (const Document& item : Reader(document).array(kReferences)) {
    const Reader reference(item);
    const Found found = look_up(store, reference);
    const Reader package(found.package);
    packages.push_back({.application = found.application,
                        .version = found.package.is_null() ? reference.text("version") : package.text("version"),
                        .by_default = !reference.has("version"),
                        .container = package.text("container"),
                        .blob = package.text("blob")});
  }
  return packages;
}

}  // namespace batchite
