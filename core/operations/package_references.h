// References of pools and tasks to application packages: whether they can be had, and where they lie when a node is to
// have them.
// Source: learn.microsoft.com/rest/api/batchservice/pool/add (ApplicationPackageReference); the keys and sentences of
// refusals as Azure's own tests of the service expect them (Azure/azure-sdk-for-net,
// PoolApplicationPackageReferencesTests).
#pragma once
#include <string>
#include <vector>

#include "core/change.h"

namespace batchite {

// Of a pool, a task, or the specification of either. Throws InvalidApplicationPackageReferences with a value for each
// reference that leads nowhere: its key is the application, or application:version.
void check_package_references(const Change& change, const Document& document);

// What the document `spec` refers to, as it is now: without a version the application's default. What is gone since
// it was checked is there without a blob.
std::vector<PackageFile> packages_of(Store& store, const std::string& spec);

}  // namespace batchite
