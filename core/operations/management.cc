#include "core/operations/management.h"

#include "core/base/digest.h"
#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/defaults.h"

namespace batchite {
namespace {

// Quotas of an account as Azure gives them (learn.microsoft.com/azure/batch/batch-quota-limit).
constexpr std::size_t kMostApplications = 20;
constexpr std::size_t kMostPackages = 40;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestDisplayName = 1024;

constexpr ErrorCode kPackageNotFound{404, "ApplicationPackageNotFound",
                                     "The specified application package does not exist."};
constexpr ErrorCode kPackageNotActivated{409, "ApplicationPackageNotActivated",
                                         "The specified application package has not been activated."};
constexpr ErrorCode kUpdatesNotAllowed{409, "ApplicationUpdatesNotAllowed",
                                       "The application does not allow its packages to be replaced or deleted."};
constexpr ErrorCode kApplicationQuota{409, "ApplicationQuotaReached", "The account may have no more applications."};
constexpr ErrorCode kPackageQuota{409, "ApplicationPackageQuotaReached", "The application may have no more packages."};

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, [also](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.find(c) != also.npos;
  });
}

void check_names(const ManagementCall& call) {
  if (!is_name(call.application, "_-")) {
    throw invalid_property("applicationName", call.application,
                           "1 to 64 letters, digits, hyphens and underscores are wanted");
  }
  if (call.action < Management::GetPackage) return;
  if (!is_name(call.version, "_-.") || call.version.front() == '.') {
    throw invalid_property("versionName", call.version,
                           "1 to 64 letters, digits, hyphens, underscores and dots are wanted, no dot first");
  }
}

// --- rows -----------------------------------------------------------------------------------------------------------

struct Application {
  std::int64_t key;
  std::string id;
  Document spec;

  Document* package(std::string_view version) {
    for (Document& one : spec["packages"]) {
      if (same_id(one["version"].get_ref<const std::string&>(), version)) return &one;
    }
    return nullptr;
  }
  Document answer() const {
    Document document = {{"id", id}};
    document.update(spec);
    return document;
  }
};

std::optional<Application> find(const Change& change, const std::string& id) {
  const auto key = change.read().find(Kind::Application, 0, id);
  if (!key) return std::nullopt;
  const Row row = change.read().get(Kind::Application, *key);
  return Application{*key, row.id, Document::parse(row.spec)};
}

Application the_application(const Change& change, const std::string& id) {
  auto found = find(change, id);
  if (!found) throw Error(errors::kApplicationNotFound);
  return *std::move(found);
}

Document& the_package(Application& application, const std::string& version) {
  Document* found = application.package(version);
  if (!found) throw Error(kPackageNotFound);
  return *found;
}

void keep(Change& change, Application& application) {
  application.spec["modified"] = iso8601(change.now());
  change.write().put_spec(Kind::Application, application.key, application.spec.dump());
}

void require_updates(const Application& application) {
  if (!application.spec.value("allowUpdates", true)) throw Error(kUpdatesNotAllowed);
}

// --- applications ---------------------------------------------------------------------------------------------------

// The members that the body has, checked. `application` knows its packages.
void take_settings(Application& application, const Document& body) {
  const Reader reader(body);
  if (const Document* name = reader.find("displayName")) {
    if (!name->is_string() || name->get_ref<const std::string&>().size() > kLongestDisplayName) {
      throw invalid_property("displayName", name->dump(), "A text of at most 1024 characters is wanted");
    }
    application.spec["displayName"] = *name;
  }
  if (const Document* allow = reader.find("allowUpdates")) {
    if (!allow->is_boolean()) throw invalid_property("allowUpdates", allow->dump(), "true or false is wanted");
    application.spec["allowUpdates"] = *allow;
  }
  if (const Document* version = reader.find("defaultVersion")) {
    if (!version->is_string()) throw invalid_property("defaultVersion", version->dump(), "A version is wanted");
    const Document& package = the_package(application, version->get<std::string>());
    if (package["state"] != "active") throw Error(kPackageNotActivated);
    application.spec["defaultVersion"] = package["version"];
  }
}

Document list(const Change& change) {
  Document all = Document::array();
  for (const Listed& one : change.read().list(Kind::Application, 0, "", kMostApplications)) {
    all.push_back(the_application(change, one.id).answer());
  }
  return all;
}

Document put_application(Change& change, const ManagementCall& call) {
  auto found = find(change, call.application);
  if (!found) {
    if (change.read().list(Kind::Application, 0, "", kMostApplications).size() == kMostApplications) {
      throw Error(kApplicationQuota);
    }
    found = Application{0, call.application, {{"allowUpdates", true}, {"packages", Document::array()}}};
  }
  take_settings(*found, call.body);
  if (found->key == 0) found->key = *change.write().insert(Kind::Application, {.id = found->id, .spec = "{}"});
  keep(change, *found);
  return found->answer();
}

Document patch_application(Change& change, const ManagementCall& call) {
  Application application = the_application(change, call.application);
  take_settings(application, call.body);
  keep(change, application);
  return application.answer();
}

Document delete_application(Change& change, const ManagementCall& call) {
  const auto found = find(change, call.application);
  if (!found) return nullptr;
  if (!found->spec["packages"].empty()) require_updates(*found);
  change.write().erase(Kind::Application, found->key);
  return found->answer();
}

// --- packages -------------------------------------------------------------------------------------------------------

// app-{name}-{hash}, as the service calls its containers; the name in what a container's name may have.
std::string container_of(const Change& change, const std::string& application) {
  const std::string digest = sha256(change.options().account + "/" + fold(application));
  std::string name = "app-";
  for (const char c : fold(application).substr(0, 17)) {
    if (c != '_' && c != '-') {
      name += c;
    } else if (!name.ends_with('-')) {
      name += '-';
    }
  }
  if (!name.ends_with('-')) name += '-';
  return name + hex_encode(std::string_view(digest).substr(0, 20));
}

Document put_package(Change& change, const ManagementCall& call) {
  Application application = the_application(change, call.application);
  Document* package = application.package(call.version);
  if (package) {
    if ((*package)["state"] == "active") require_updates(application);
  } else {
    Document& packages = application.spec["packages"];
    if (packages.size() == kMostPackages) throw Error(kPackageQuota);
    packages.push_back({{"version", call.version},
                        {"container", container_of(change, application.id)},
                        {"blob", call.version + ".zip"}});
    package = &packages.back();
  }
  (*package)["state"] = "pending";
  (*package)["modified"] = iso8601(change.now());
  keep(change, application);
  return *application.package(call.version);
}

Document activate_package(Change& change, const ManagementCall& call) {
  Application application = the_application(change, call.application);
  Document& package = the_package(application, call.version);
  const std::string format = Reader(call.body).text("format");
  if (!same_id(format, "zip")) throw invalid_property("format", format, "Packages are zip files: the format is zip");
  if (package["state"] == "active") require_updates(application);
  package["state"] = "active";
  package["format"] = "zip";
  package["activated"] = package["modified"] = iso8601(change.now());
  keep(change, application);
  return *application.package(call.version);
}

Document delete_package(Change& change, const ManagementCall& call) {
  Application application = the_application(change, call.application);
  const Document* found = application.package(call.version);
  if (!found) return nullptr;
  const Document package = *found;
  require_updates(application);
  Document& packages = application.spec["packages"];
  packages.erase(std::ranges::find(packages, package));
  if (application.spec.value("defaultVersion", "") == package["version"]) application.spec.erase("defaultVersion");
  keep(change, application);
  return package;
}

}  // namespace

Document manage(Change& change, const ManagementCall& call) {
  if (call.action != Management::ListApplications) check_names(call);
  switch (call.action) {
    case Management::ListApplications:
      return list(change);
    case Management::GetApplication:
      return the_application(change, call.application).answer();
    case Management::PutApplication:
      return put_application(change, call);
    case Management::PatchApplication:
      return patch_application(change, call);
    case Management::DeleteApplication:
      return delete_application(change, call);
    case Management::GetPackage: {
      Application application = the_application(change, call.application);
      return the_package(application, call.version);
    }
    case Management::PutPackage:
      return put_package(change, call);
    case Management::ActivatePackage:
      return activate_package(change, call);
    case Management::DeletePackage:
      return delete_package(change, call);
  }
  throw std::logic_error("no such management call");
}

}  // namespace batchite
