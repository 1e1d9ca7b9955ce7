#include <map>

#include "core/base/encoding.h"
#include "core/blob/copy_source.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr Limit kMaxBlock[] = {
    {"2019-12-12", std::uint64_t{4000} << 20}, {"2016-05-31", std::uint64_t{100} << 20}, {"", std::uint64_t{4} << 20}};
constexpr std::size_t kMaxBlockIdBytes = 64;
constexpr std::size_t kMaxCommittedBlocks = 50'000;
constexpr std::uint64_t kMaxUncommittedBlocks = 100'000;
constexpr int kAttempts = 5;  // a commit that uses present content starts again when that was replaced meanwhile

std::size_t decoded_size(const std::string& id) {
  const auto bytes = base64_decode(id);
  return bytes ? bytes->size() : 0;
}

std::string block_id(const Parameters& query) {
  std::string id = query.get("blockid");
  if (id.empty()) throw Error(kMissingRequiredQueryParameter, {{"QueryParameterName", "blockid"}});
  const std::size_t size = decoded_size(id);
  if (size == 0) throw Error(kInvalidBlockId, {{"QueryParameterName", "blockid"}, {"QueryParameterValue", id}});
  if (size > kMaxBlockIdBytes) {
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "blockid"}, {"QueryParameterValue", id}});
  }
  return id;
}

void check_block_blob(const BlobEntry* current) {
  if (current && current->committed && current->type != BlobType::Block) throw Error(kInvalidBlobType);
}

using BlockMap = std::map<std::string, BlockPiece, std::less<>>;

// The blocks that a list names, found as the service finds them: "latest" looks among the uncommitted first.
std::vector<BlockPiece> resolve(const Document& list, const BlockLists& lists) {
  BlockMap committed, uncommitted;
  std::uint64_t offset = 0;
  for (const Block& block : lists.committed) {
    committed.try_emplace(block.id, BlockPiece{block, offset});
    offset += block.size;
  }
  for (const Block& block : lists.uncommitted) uncommitted.try_emplace(block.id, BlockPiece{block, std::nullopt});
  std::vector<BlockPiece> pieces;
  for (const Document& item : list) {
    const Reader reader(item);
    const std::string id = reader.text("id"), kind = fold(reader.text("list"));
    const BlockPiece* found = nullptr;
    if (const auto it = uncommitted.find(id); kind != "committed" && it != uncommitted.end()) found = &it->second;
    if (const auto it = committed.find(id); !found && kind != "uncommitted" && it != committed.end())
      found = &it->second;
    if (!found) throw Error(kInvalidBlockList);
    pieces.push_back(*found);
  }
  return pieces;
}

void check_list(const Document& list) {
  if (!list.is_array() && !list.is_null()) throw Error(kInvalidXmlNodeValue, {{"XmlNodeName", "BlockList"}});
  if (list.size() > kMaxCommittedBlocks) throw Error(kBlockListTooLong);
  for (const Document& item : list) {
    const std::string kind = fold(Reader(item).text("list"));
    if (kind == "committed" || kind == "uncommitted" || kind == "latest") continue;
    throw Error(kInvalidXmlNodeValue, {{"XmlNodeName", kind}});
  }
}

bool uses_content(const std::vector<BlockPiece>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(), [](const BlockPiece& piece) { return piece.committed_at; });
}

struct Commit {
  Request& request;
  const Parameters& properties;
  BlobEntry entry = {};

  // False: what the list was resolved against has changed; nothing is done then.
  bool attempt() {
    const auto before = request.store.find(request.blob());
    const BlockLists lists = request.store.blocks(request.blob());
    const auto pieces = resolve(request.call.document, lists);
    if (!lists.uncommitted.empty()) check_encryption(request.encryption, lists.encryption);
    if (before && uses_content(pieces)) check_encryption(request.encryption, before->properties);
    NewContent content{request.store.assemble(request.blob(), pieces)};
    if (!content.bytes) return false;
    for (const BlockPiece& piece : pieces) content.blocks.push_back(piece.block);
    const bool pinned = uses_content(pieces);
    bool stale = false;
    try {
      request.store.change(
          request.blob(), [&](const BlobEntry* current) { return decide(current, before, pinned, stale); },
          std::move(content));
    } catch (const Error&) {
      if (!stale) throw;
    }
    return !stale;
  }

 private:
  std::optional<BlobEntry> decide(const BlobEntry* current, const std::optional<BlobEntry>& before, bool pinned,
                                  bool& stale) {
    const bool there = current && current->committed;
    if (pinned && (!there || !before || current->revision != before->revision)) {
      stale = true;
      throw Error(kInvalidBlockList);
    }
    check_block_blob(current);
    check_create(request, current);
    entry = new_entry(request, current, properties);
    return entry;
  }
};

Document block_document(const std::vector<Block>& blocks) {
  Document array = Document::array();
  for (const Block& block : blocks) array.push_back({{"Name", block.id}, {"Size", block.size}});
  return array.empty() ? Document::object() : Document{{"Block", std::move(array)}};
}

// As the other blocks, of which one blob will be made, and what is there of it.
void check_same_encryption(const Request& request, const BlobEntry* current, const BlockSummary& blocks) {
  if (blocks.uncommitted > 0) check_encryption(request.encryption, blocks.encryption);
  if (current && current->committed) check_encryption(request.encryption, current->properties);
}

BlobReply keep_block(Request& request, CheckedBody& body) {
  const std::string id = block_id(request.query());
  auto staged = body.stage_block(request.blob(), limit_of(request, kMaxBlock));
  if (staged->size() == 0) throw Error(kInvalidHeaderValue, {{"HeaderName", "Content-Length"}, {"HeaderValue", "0"}});
  request.store.put_block(
      request.blob(), id, std::move(staged),
      [&](const BlobEntry* current, const BlockSummary& blocks) {
        check_block_blob(current);
        const Lease lease = current ? current->lease : Lease();
        check_lease(lease, request.headers(), LeaseUse::Write, LeasedThing::Blob, request.now);
        check_same_encryption(request, current, blocks);
        if (blocks.any_id && decoded_size(*blocks.any_id) != decoded_size(id)) throw Error(kInvalidBlobOrBlock);
        if (blocks.uncommitted >= kMaxUncommittedBlocks) throw Error(kBlockCountExceedsLimit);
      },
      request.encryption);
  BlobReply reply{.status = 201};
  body.add_checksums(reply);
  return reply;
}

BlobReply put_block(Request& request) {
  require_container(request);
  CheckedBody body(request, Expected::from(request.headers(), false));
  return keep_block(request, body);
}

BlobReply put_block_from_url(Request& request) {
  require_container(request);
  const CopySource source = open_copy_source(request);
  CheckedBody body(request, *source.bytes, expected_of_source(request.headers()));
  return keep_block(request, body);
}

BlobReply put_block_list(Request& request) {
  const Parameters& headers = request.headers();
  check_list(request.call.document);
  Parameters properties = content_properties_from(headers, Plain::No);
  if (!properties.has("Content-Type")) properties.add("Content-Type", std::string(kDefaultContentType));
  if (const auto tier = access_tier_from(headers, BlobType::Block)) properties.add("x-ms-access-tier", *tier);
  metadata_from(headers);
  require_container(request);
  Commit commit{request, properties};
  int attempts = 0;
  while (!commit.attempt()) {
    if (++attempts == kAttempts) throw Error(kInvalidBlockList);
  }
  BlobReply reply{.status = 201, .headers = stamp(version_of(commit.entry))};
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

BlobReply get_block_list(Request& request) {
  const std::string kind = fold(request.query().get("blocklisttype", "committed"));
  if (kind != "committed" && kind != "uncommitted" && kind != "all") {
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "blocklisttype"}, {"QueryParameterValue", kind}});
  }
  require_container(request);
  const auto entry = request.store.find(request.blob());
  const BlockLists lists = request.store.blocks(request.blob());
  const bool committed = entry && entry->committed;
  if (committed && entry->type != BlobType::Block) throw Error(kInvalidBlobType);
  if (committed) check_lease(entry->lease, request.headers(), LeaseUse::Read, LeasedThing::Blob, request.now);
  if (!committed && lists.uncommitted.empty()) throw Error(kBlobNotFound);
  BlobReply reply;
  if (committed) {
    reply.headers = stamp(version_of(*entry));
    reply.headers.add("x-ms-blob-content-length", std::to_string(entry->size));
  }
  reply.body = Document::object();
  if (kind != "uncommitted") reply.body["CommittedBlocks"] = block_document(lists.committed);
  if (kind != "committed") reply.body["UncommittedBlocks"] = block_document(lists.uncommitted);
  return reply;
}

}  // namespace

namespace {

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::PutBlock,
     .name = "PutBlock",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "block",
     .rights = {.service = "w", .account = "w"},
     .run = put_block},
    {.operation = BlobOperation::PutBlockFromUrl,
     .name = "PutBlockFromURL",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "block",
     .headers = {"x-ms-copy-source"},
     .rights = {.service = "w", .account = "w"},
     .run = put_block_from_url},
    {.operation = BlobOperation::PutBlockList,
     .name = "PutBlockList",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "blocklist",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .request = "BlockList",
     .run = put_block_list},
    {.operation = BlobOperation::GetBlockList,
     .name = "GetBlockList",
     .methods = "GET",
     .levels = kOnBlob,
     .comp = "blocklist",
     .rights = {.service = "r", .account = "r"},
     .answer = "BlockList",
     .takes_snapshot = true,
     .anonymous = PublicAccess::Blob,
     .run = get_block_list},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::block_operations() { return blob_operations::kRows; }
