#include "core/blob/blob_service.h"

#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/operations.h"

namespace batchite {
namespace {

using namespace blob_errors;
using namespace blob_operations;

enum class Target { Account, Container, Blob };
// Which conditional headers an operation takes; others are refused.
enum class Takes { NoConditions, ModifiedSince, Dates, All };

struct Row {
  BlobOperation operation;
  BlobReply (*run)(Request& request);
  Target target;
  Takes takes;
};

constexpr Row kOperations[] = {
    {BlobOperation::ListContainers, list_containers, Target::Account, Takes::NoConditions},
    {BlobOperation::CreateContainer, create_container, Target::Container, Takes::NoConditions},
    {BlobOperation::GetContainerProperties, get_container_properties, Target::Container, Takes::NoConditions},
    {BlobOperation::SetContainerMetadata, set_container_metadata, Target::Container, Takes::ModifiedSince},
    {BlobOperation::DeleteContainer, delete_container, Target::Container, Takes::Dates},
    {BlobOperation::ListBlobs, list_blobs, Target::Container, Takes::NoConditions},
    {BlobOperation::PutBlob, put_blob, Target::Blob, Takes::All},
    {BlobOperation::GetBlob, get_blob, Target::Blob, Takes::All},
    {BlobOperation::GetBlobProperties, get_blob_properties, Target::Blob, Takes::All},
    {BlobOperation::SetBlobProperties, set_blob_properties, Target::Blob, Takes::All},
    {BlobOperation::SetBlobMetadata, set_blob_metadata, Target::Blob, Takes::All},
    {BlobOperation::DeleteBlob, delete_blob, Target::Blob, Takes::All},
    {BlobOperation::PutBlock, put_block, Target::Blob, Takes::NoConditions},
    {BlobOperation::PutBlockList, put_block_list, Target::Blob, Takes::All},
    {BlobOperation::GetBlockList, get_block_list, Target::Blob, Takes::NoConditions},
    {BlobOperation::CopyBlob, copy_blob, Target::Blob, Takes::All},
    {BlobOperation::GetAccountInformation, get_account_information, Target::Account, Takes::NoConditions},
    {BlobOperation::GetServiceProperties, get_service_properties, Target::Account, Takes::NoConditions},
    {BlobOperation::GetContainerAcl, get_container_acl, Target::Container, Takes::NoConditions},
};

// Features that a request may name and that do not exist here yet.
constexpr std::string_view kRefusedHeaders[] = {
    "x-ms-tags",
    "x-ms-if-tags",
    "x-ms-source-if-tags",
    "x-ms-immutability-policy-until-date",
    "x-ms-immutability-policy-mode",
    "x-ms-legal-hold",
    "x-ms-structured-body",
    "x-ms-seal-blob",
};
constexpr std::string_view kRefusedQueries[] = {"snapshot", "versionid", "prevsnapshot", "deletetype"};

const Row& row_of(BlobOperation operation) {
  for (const Row& row : kOperations) {
    if (row.operation == operation) return row;
  }
  throw Error(kUnsupportedQueryParameter, {{"QueryParameterName", "comp"}});
}

void refuse_unknown_features(const BlobCall& call) {
  for (const std::string_view name : kRefusedHeaders) {
    const std::string* value = call.headers.find(name);
    if (value && !value->empty()) {
      throw Error(kUnsupportedHeader, {{"HeaderName", std::string(name)}, {"HeaderValue", *value}});
    }
  }
  for (const std::string_view name : kRefusedQueries) {
    const std::string* value = call.query.find(name);
    if (!value || value->empty()) continue;
    throw Error(kUnsupportedQueryParameter,
                {{"QueryParameterName", std::string(name)}, {"QueryParameterValue", *value}});
  }
}

void check_target(const BlobCall& call, Target target) {
  if (target == Target::Account) return;
  check_container_name(call.container);
  if (target == Target::Blob) check_blob_name(call.blob);
  if (call.headers.get("x-ms-lease-id").empty()) return;
  // Nothing can be leased yet, so an id never fits.
  throw Error(target == Target::Blob ? kLeaseNotPresentWithBlobOperation : kLeaseNotPresentWithContainerOperation);
}

void check_conditions(const Conditions& conditions, Takes takes) {
  const bool fits = takes == Takes::All || !conditions.any() || (takes == Takes::Dates && conditions.only_dates()) ||
                    (takes == Takes::ModifiedSince && conditions.only_modified_since());
  if (!fits) throw Error(kConditionHeadersNotSupported);
}

}  // namespace

BlobService::BlobService(BlobStore& store, std::function<Time()> clock, std::vector<BlobAccount> accounts)
    : store_(store), clock_(std::move(clock)), accounts_(std::move(accounts)) {}

const BlobAccount* BlobService::account(std::string_view name) const {
  for (const BlobAccount& account : accounts_) {
    if (account.name == name) return &account;
  }
  return nullptr;
}

BlobReply BlobService::call(const BlobCall& call) {
  const Row& row = row_of(call.operation);
  if (!account(call.account)) throw Error(kResourceNotFound, {{"AccountName", call.account}});
  check_target(call, row.target);
  refuse_unknown_features(call);
  Request request{*this, store_, call, Conditions(call.headers)};
  check_conditions(request.conditions, row.takes);
  return row.run(request);
}

}  // namespace batchite
