// What must hold within one pool document beyond the types and limits of its members, and what the service fills in
// where a client left something out. For pools as they are added, changed, or kept in an auto pool's specification.
// Source: learn.microsoft.com/rest/api/batchservice/pool/add, and recorded answers (networks with
// dynamicVNetAssignmentScope none, data disks with caching none, Windows accounts with a login mode).
// Throw the service's Error, naming the innermost property.
#pragma once
#include "core/base/document.h"

namespace batchite {

void check_pool_document(const Document& pool);
void complete_pool_document(Document& pool);

// Of tasks and start tasks: where each file comes from.
void check_resource_files(const Document& task, const char* name = "resourceFiles");
// At most one of username and autoUser.
void check_user_identity(const Document& task);

// Lists that are empty are not kept: the service leaves them out of its answers.
void drop_empty_lists(Document& resource);

}  // namespace batchite
