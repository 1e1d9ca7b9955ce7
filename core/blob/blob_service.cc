#include "core/blob/blob_service.h"

#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/operations.h"

namespace batchite {
namespace {

using namespace blob_errors;
using namespace blob_operations;

// Features that a request may name and that do not exist here yet.
constexpr std::string_view kRefusedHeaders[] = {
    "x-ms-structured-body",
};
constexpr std::string_view kRefusedQueries[] = {"versionid"};

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

void check_names(const BlobCall& call, unsigned levels) {
  if (levels & kOnAccount) return;
  check_container_name(call.container);
  if (levels & kOnBlob) check_blob_name(call.blob);
}

Time snapshot_of(const BlobCall& call, const BlobOperationRow& row) {
  const std::string text = call.query.get("snapshot");
  if (text.empty()) return kNever;
  const auto time = parse_iso8601(text);
  if (time && row.takes_snapshot) return *time;
  throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "snapshot"}, {"QueryParameterValue", text}});
}

void check_conditions(const Conditions& conditions, Takes takes) {
  const bool fits = takes == Takes::All || !conditions.any() || (takes == Takes::Dates && conditions.only_dates()) ||
                    (takes == Takes::ModifiedSince && conditions.only_modified_since());
  if (!fits) throw Error(kConditionHeadersNotSupported);
}

}  // namespace

BlobService::BlobService(BlobStore& store, Clock clock, std::vector<BlobAccount> accounts, CopySources sources)
    : store_(store), clock_(std::move(clock)), accounts_(std::move(accounts)), sources_(std::move(sources)) {}

const BlobAccount* BlobService::account(std::string_view name) const {
  for (const BlobAccount& account : accounts_) {
    if (account.name == name) return &account;
  }
  return nullptr;
}

std::vector<StoredPolicy> BlobService::policies(const ContainerName& container) {
  auto entry = store_.find_container(container);
  return entry ? std::move(entry->policies) : std::vector<StoredPolicy>();
}

BlobReply BlobService::call(const BlobCall& call) {
  const BlobOperationRow& row = blob_operation_row(call.operation);
  if (!account(call.account)) throw Error(kResourceNotFound, {{"AccountName", call.account}});
  check_names(call, row.levels);
  refuse_unknown_features(call);
  const Time now = clock_();
  collect_ended(store_, now);
  PresentBlobs present(store_, now);
  Request request{*this,
                  present,
                  call,
                  Conditions(call.headers),
                  now,
                  snapshot_of(call, row),
                  encryption_from(call.headers, call.query)};
  check_conditions(request.conditions, row.takes);
  BlobReply reply = row.run(request);
  add_encryption(request.encryption, reply.headers);
  return reply;
}

}  // namespace batchite
