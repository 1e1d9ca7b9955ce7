// What an account's owner does with its applications. In Azure that is no part of the Batch service's own API but of
// Resource Manager's; here it is a narrow door beside Backend::call.
// Source: learn.microsoft.com/rest/api/batchmanagement (Application, ApplicationPackage),
// .../batch-application-packages.
#pragma once
#include <string>

#include "core/base/document.h"

namespace batchite {

enum class Management {
  ListApplications,
  GetApplication,
  PutApplication,    // makes it, or changes what the body names
  PatchApplication,  // it has to be there
  DeleteApplication,
  GetPackage,
  PutPackage,       // makes the version, or begins its replacement: its bytes go to its blob next
  ActivatePackage,  // the bytes are there: from now on nodes can have it
  DeletePackage,
};

struct ManagementCall {
  Management action;
  std::string application = {};
  std::string version = {};
  Document body = Document::object();  // displayName, allowUpdates, defaultVersion; of ActivatePackage: format
};

// Answers, as documents:
//   an application {"id", "displayName", "allowUpdates", "defaultVersion", "modified", "packages": […]}, a package
//   {"version", "state": "pending|active", "format", "activated", "modified", "container", "blob"}; what is not set is
//   absent. Times are ISO 8601. Container and blob are of the linked storage account.
//   ListApplications: an array. DeleteApplication, DeletePackage: what went; null if it was not there.

}  // namespace batchite
