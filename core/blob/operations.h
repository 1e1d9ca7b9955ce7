// The operations of the Blob service, one function each; blob_service.cc joins them to BlobOperation. They read the
// request, then change the store in one step, so that a refused request has changed nothing.
// Any thread; throws Error with the service's codes.
#pragma once
#include <algorithm>

#include "core/backend.h"
#include "core/blob/blob_service.h"
#include "core/blob/blob_store.h"
#include "core/blob/conditions.h"

namespace batchite::blob_operations {

struct Request {
  BlobService& service;
  BlobStore& store;
  const BlobCall& call;
  Conditions conditions;

  ContainerName container() const { return {call.account, call.container}; }
  // The service turns '\\' in names into '/'.
  BlobName blob() const {
    BlobName name{call.account, call.container, call.blob};
    std::replace(name.blob.begin(), name.blob.end(), '\\', '/');
    return name;
  }
  Time next_revision() const { return store.next_revision(service.now()); }
};

BlobReply get_account_information(Request& request);
BlobReply get_service_properties(Request& request);
BlobReply get_container_acl(Request& request);
BlobReply list_containers(Request& request);
BlobReply create_container(Request& request);
BlobReply get_container_properties(Request& request);
BlobReply set_container_metadata(Request& request);
BlobReply delete_container(Request& request);
BlobReply list_blobs(Request& request);

BlobReply put_blob(Request& request);
BlobReply get_blob(Request& request);
BlobReply get_blob_properties(Request& request);
BlobReply set_blob_properties(Request& request);
BlobReply set_blob_metadata(Request& request);
BlobReply delete_blob(Request& request);
BlobReply copy_blob(Request& request);

BlobReply put_block(Request& request);
BlobReply put_block_list(Request& request);
BlobReply get_block_list(Request& request);

// What the operations share.
Version version_of(const BlobEntry& entry);
Parameters stamp(Time revision, Time modified);  // ETag and Last-Modified
BlobEntry existing(Request& request);            // throws BlobNotFound, or ContainerNotFound
std::unique_ptr<StagedBytes> stage_body(Request& request, ByteSource& body, std::uint64_t limit);
// The entry of content just written, with its revision; keeps the creation time of what it replaces.
BlobEntry new_entry(Request& request, const BlobEntry* current, Parameters properties);
// Conditions, and the right to replace, of an operation that creates a blob or its content anew.
void check_create(const Request& request, const BlobEntry* current);
// A page size from maxresults: 1 to 5000. OutOfRangeQueryParameterValue below.
std::size_t page_size(const Parameters& query);

}  // namespace batchite::blob_operations
