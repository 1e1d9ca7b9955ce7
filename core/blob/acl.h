// Who may use a container without the account's key: public access, and stored access policies that signatures name.
// Source: learn.microsoft.com/rest/api/storageservices/set-container-acl and .../define-stored-access-policy.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <vector>

#include "core/base/document.h"
#include "core/blob/entries.h"

namespace batchite {

// x-ms-blob-public-access; None where the header is absent. InvalidHeaderValue.
PublicAccess public_access_from(const Parameters& headers);
// The header as the service answers it: absent for a private container.
void add_public_access(PublicAccess access, Parameters& headers);

// The children of SignedIdentifiers, as BlobCall::document has them and BlobReply::body.
std::vector<StoredPolicy> policies_from(const Document& identifiers);
Document policies_document(const std::vector<StoredPolicy>& policies);

}  // namespace batchite
