// What Resource Manager shows of the account, its applications and their packages. Pure; any thread.
#pragma once
#include "core/base/document.h"
#include "core/base/time.h"
#include "emulator/arm/arm_routes.h"

namespace batchite::arm {

// {"name", "id", "type", …} of the account. `endpoint`: where Batch is, without scheme; `storage`: the linked account.
Document account_document(const ArmNames& names, const std::string& endpoint, const std::string& storage);

// From what Backend::manage tells (core/management.h).
Document application_document(const ArmNames& names, const Document& application);

struct StorageUrl {
  std::string url;  // with its signature
  Time expiry;
};
Document package_document(const ArmNames& names, const Document& package, const StorageUrl& storage);

// The address that Azure CLI can take apart, which expects the account in the host's name: of
// http://127.0.0.1:10000/acct/c/b?sas it is http://acct.blob.localhost:10000/c/b?sas.
std::string host_style(const std::string& url);

}  // namespace batchite::arm
