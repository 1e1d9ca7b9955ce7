// What the functions behind the rows of core/blob/operation_table.h share. They read the request, then change the store
// in one step, so that a refused request has changed nothing.
// Any thread; throws Error with the service's codes.
#pragma once
#include <algorithm>

#include "core/backend.h"
#include "core/blob/blob_service.h"
#include "core/blob/blob_store.h"
#include "core/blob/checksums.h"
#include "core/blob/conditions.h"
#include "core/blob/operation_table.h"
#include "core/blob/present_blobs.h"

namespace batchite::blob_operations {

struct Request {
  BlobService& service;
  PresentBlobs& store;
  const BlobCall& call;
  Conditions conditions;
  Time now;                // of the whole request
  Time snapshot = kNever;  // of the query
  Encryption encryption = {};
  ScopePolicy scope = {};  // of the container, once it was required

  const Parameters& headers() const { return call.headers; }
  const Parameters& query() const { return call.query; }
  ContainerName container() const { return {call.account, call.container}; }
  // The service turns '\\' in names into '/'.
  BlobName blob() const {
    BlobName name{call.account, call.container, call.blob, snapshot};
    std::replace(name.blob.begin(), name.blob.end(), '\\', '/');
    return name;
  }
  Time next_revision() const { return store.next_revision(now); }
};

Version version_of(const BlobEntry& entry);
Version version_of(const ContainerEntry& entry);
Parameters stamp(const Version& version);  // ETag and Last-Modified
// A GUID as unique as revisions are, since it is made of one.
std::string unique_id(const Request& request);

// ContainerNotFound; also what its scope policy denies of the request's encryption.
ContainerEntry require_container(Request& request);
BlobEntry existing(Request& request);  // throws BlobNotFound, or ContainerNotFound

// The body of a request, checked against the checksums sent with it while it is read.
class CheckedBody {
 public:
  CheckedBody(Request& request, Expected expected,
              CheckedSource::Compute compute = CheckedSource::Compute::WhatIsExpected)
      : store_(request.store), source_(request.call.body ? *request.call.body : nothing_, expected, compute) {}
  // Bytes that come from elsewhere.
  CheckedBody(Request& request, ByteSource& bytes, Expected expected,
              CheckedSource::Compute compute = CheckedSource::Compute::WhatIsExpected)
      : store_(request.store), source_(bytes, expected, compute) {}
  // All of it. RequestBodyTooLarge, or the mismatch of a checksum.
  std::unique_ptr<StagedBytes> stage(std::uint64_t limit);
  std::unique_ptr<StagedBytes> stage_block(const BlobName& name, std::uint64_t limit);
  std::optional<std::string> md5() const { return source_.md5(); }
  // Content-MD5 or x-ms-content-crc64, and that all is encrypted.
  void add_checksums(BlobReply& reply) const;

 private:
  template <class Stage>
  std::unique_ptr<StagedBytes> checked(std::uint64_t limit, const Stage& stage);

  BlobStore& store_;
  StringSource nothing_{""};
  CheckedSource source_;
};

// A size that grew with versions of the service, in bytes; newest first, the last since "".
struct Limit {
  std::string_view since;
  std::uint64_t bytes;
};
std::uint64_t limit_of(const Request& request, std::span<const Limit> limits);

// The entry of content just written, with its revision; keeps creation time and lease of what it replaces.
BlobEntry new_entry(Request& request, const BlobEntry* current, Parameters properties);

// Leases and conditions together, for what an operation does to a blob. Inside the store's change, where nothing comes
// between check and act.
void check_read(const Request& request, const BlobEntry& entry);
void check_write(const Request& request, const BlobEntry& entry);
// The part of them that looks at tags: x-ms-if-tags.
void check_tags(const Request& request, const BlobEntry& entry);
// Of an operation that creates a blob or its content anew; also the right to replace one.
void check_create(const Request& request, const BlobEntry* current);

// A new revision, after which a lease that had run out is gone.
void mark_written(const Request& request, BlobEntry& entry);
// One change of what is known of an existing blob; its bytes stay. Throws BlobNotFound, ContainerNotFound.
void change_existing(Request& request, const std::function<void(BlobEntry&)>& edit);
// The same of what gives it a new revision, which is answered, under leases and conditions.
Time change_entry(Request& request, const std::function<void(BlobEntry&)>& edit);

// A page size from maxresults: 1 to 5000. OutOfRangeQueryParameterValue below.
std::size_t page_size(const Parameters& query);

}  // namespace batchite::blob_operations
