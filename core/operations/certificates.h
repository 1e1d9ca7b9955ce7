// What others need to know of certificates. Those that api-versions since 2025-06-01 speak to know nothing of them.
#pragma once
#include "core/base/document.h"
#include "core/change.h"

namespace batchite {

// certificateReferences of a pool that is being added or changed: each names an active certificate. Throws
// InvalidCertificateReferences. Fills in where Windows keeps them.
void complete_certificate_references(const Change& change, Document& pool);

// Goes on with deletions that waited for pools on their way out; for when such a pool is gone.
void settle_certificates(Change& change);

}  // namespace batchite
