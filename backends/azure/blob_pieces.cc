#include "backends/azure/blob_pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/encoding.h"
#include "core/base/ids.h"

namespace batchite::azure {
namespace {

constexpr std::size_t kMostBlocks = 50'000;
constexpr unsigned kRangeNotSatisfiable = 416;

// Of a body that is put as one blob; on a block list they are the blob's only under these names.
constexpr std::string_view kContentHeaders[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                                "Content-MD5",  "Cache-Control",    "Content-Disposition"};
constexpr std::string_view kHeadersOfPut[] = {"x-ms-blob-type", "Content-Length", "x-ms-content-crc64"};

std::string read_piece(ByteSource& source, std::size_t size) {
  std::string piece(size, '\0');
  piece.resize(read_fully(source, piece));
  return piece;
}

// All of it, without taking more space than that.
std::string read_whole(ByteSource& source) {
  const auto size = source.size();
  return size ? read_piece(source, *size) : read_all(source);
}

bool has_name_in(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view one) { return same_id(one, name); });
}

// Whether one more piece may be on its way beside `going` others of its blob. `lane`: to be kept until it is there.
bool has_room(const PieceSettings& settings, std::size_t going, std::shared_ptr<void>& lane) {
  if (going == 0) return true;
  if (going >= settings.at_once) return false;
  if (!settings.lanes) return true;
  lane = settings.lanes->take();
  return lane != nullptr;
}

class Upload {
 public:
  Upload(const BlobCall& call, const AskBlob& ask, const PieceSettings& settings, const Entropy& entropy)
      : call_(call), ask_(ask), settings_(settings) {
    unsigned char bytes[8];
    entropy(bytes);
    own_ = hex_encode({reinterpret_cast<const char*>(bytes), sizeof bytes});
  }

  void put(std::string piece) {
    std::shared_ptr<void> lane;
    while (!has_room(settings_, going_.size(), lane)) wait_for_one();
    // All of a length, and no other writer's.
    const std::string id = base64_encode(fmt::format("{}{:08}", own_, list_.size()));
    list_.push_back({{"id", id}, {"list", "uncommitted"}});
    BlobCall block{.operation = BlobOperation::PutBlock,
                   .account = call_.account,
                   .container = call_.container,
                   .blob = call_.blob,
                   .query = {{"blockid", id}},
                   .token = call_.token};
    if (const std::string* lease = call_.headers.find("x-ms-lease-id")) block.headers.add("x-ms-lease-id", *lease);
    going_.push_back(
        {std::async(std::launch::async, [this, block = std::move(block),
                                         piece = std::move(piece)]() mutable { ask_(block, std::move(piece)); }),
         std::move(lane)});
  }

  BlobReply commit() {
    while (!going_.empty()) wait_for_one();
    BlobCall commit = call_;
    commit.operation = BlobOperation::PutBlockList;
    commit.body = nullptr;
    commit.headers = {};
    commit.document = std::move(list_);
    for (const auto& [name, value] : call_.headers) {
      if (has_name_in(name, kHeadersOfPut)) continue;
      const bool is_content = has_name_in(name, kContentHeaders);
      const std::string own = is_content ? "x-ms-blob-" + fold(name) : name;
      if (!is_content || !call_.headers.has(own)) commit.headers.add(own, value);
    }
    return ask_(commit, "");
  }

 private:
  struct Going {
    std::future<void> piece;
    std::shared_ptr<void> lane;
  };

  void wait_for_one() {
    Going first = std::move(going_.front());
    going_.pop_front();
    first.piece.get();
  }

  const BlobCall& call_;
  const AskBlob& ask_;
  const PieceSettings& settings_;
  std::string own_;
  Document list_ = Document::array();
  std::deque<Going> going_;
};

// Large enough that all of them fit into one list.
std::size_t size_of_blocks(const ByteSource& body, const PieceSettings& settings) {
  const std::uint64_t least = body.size().value_or(0) / kMostBlocks + 1;
  return std::max(settings.size, static_cast<std::size_t>(least));
}

std::string range_text(std::uint64_t offset, std::size_t size) {
  return fmt::format("bytes={}-{}", offset, offset + size - 1);
}

// The size of the whole, after the '/' of "bytes 0-9/100".
std::uint64_t total_of(const BlobReply& reply) {
  const std::string text = reply.headers.get("Content-Range");
  std::uint64_t total = 0;
  const std::size_t slash = std::min(text.find('/'), text.size() - 1);
  const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), total);
  if (error == std::errc() && end == text.data() + text.size()) return total;
  throw Error(502, "InvalidAnswer", "The service answered a range without saying of what: '" + text + "'.");
}

// As if all of it had been asked for.
Parameters headers_of_whole(const Parameters& headers, std::uint64_t total) {
  Parameters whole;
  for (const auto& [name, value] : headers) {
    if (same_id(name, "Content-Range") || same_id(name, "Content-MD5") || same_id(name, "Content-Length")) continue;
    whole.add(same_id(name, "x-ms-blob-content-md5") ? "Content-MD5" : name, value);
  }
  whole.add("Content-Length", std::to_string(total));
  return whole;
}

}  // namespace

std::shared_ptr<void> Lanes::take() {
  if (--free_ < 0) {
    ++free_;
    return nullptr;
  }
  return {this, [](Lanes* lanes) { ++lanes->free_; }};
}

PieceSettings with_lanes(PieceSettings settings) {
  settings.lanes = std::make_shared<Lanes>(std::max<std::size_t>(settings.at_once, 1) - 1);
  return settings;
}

BlobReply put_in_pieces(const BlobCall& call, const AskBlob& ask, const PieceSettings& settings,
                        const Entropy& entropy) {
  const std::size_t size = size_of_blocks(*call.body, settings);
  std::string piece = read_piece(*call.body, size);
  std::string next = piece.size() < size ? "" : read_piece(*call.body, size);
  if (next.empty()) return ask(call, std::move(piece));
  Upload upload(call, ask, settings, entropy);
  upload.put(std::move(piece));
  while (!next.empty()) {
    upload.put(std::move(next));
    next = read_piece(*call.body, size);
  }
  return upload.commit();
}

PieceSource::PieceSource(std::string first, std::uint64_t total, Fetch fetch, PieceSettings settings)
    : piece_(std::move(first)), total_(total), asked_(piece_.size()), fetch_(std::move(fetch)), settings_(settings) {}

void PieceSource::ask_ahead() {
  std::shared_ptr<void> lane;
  while (asked_ < total_ && has_room(settings_, coming_.size(), lane)) {
    const std::size_t size = std::min<std::uint64_t>(settings_.size, total_ - asked_);
    auto piece = std::async(std::launch::async, [this, offset = asked_, size] {
      std::string text = fetch_(offset, size);
      if (text.size() == size) return text;
      throw Error(502, "InvalidAnswer", fmt::format("{} bytes came where {} were asked for", text.size(), size));
    });
    coming_.push_back({std::move(piece), std::move(lane)});
    asked_ += size;
  }
}

std::size_t PieceSource::read(std::span<char> into) {
  ask_ahead();
  if (at_ == piece_.size()) {
    if (coming_.empty()) return 0;
    Coming next = std::move(coming_.front());
    coming_.pop_front();
    piece_ = next.piece.get();
    at_ = 0;
  }
  const std::size_t count = std::min(into.size(), piece_.size() - at_);
  std::copy_n(piece_.data() + at_, count, into.data());
  at_ += count;
  read_ += count;
  return count;
}

BlobReply get_in_pieces(const BlobCall& call, const AskBlob& ask, const PieceSettings& settings) {
  BlobCall ranged = call;
  ranged.headers.set("x-ms-range", range_text(0, settings.size));
  BlobReply reply;
  try {
    reply = ask(ranged, "");
  } catch (const Error& error) {
    if (error.status() != kRangeNotSatisfiable) throw;
    return ask(call, "");  // an empty blob has no first byte
  }
  if (reply.status != 206) return reply;
  const std::uint64_t total = total_of(reply);
  if (const std::string etag = reply.headers.get("ETag"); !etag.empty()) ranged.headers.set("If-Match", etag);
  const auto fetch = [ranged, &ask](std::uint64_t offset, std::size_t size) {
    BlobCall piece = ranged;
    piece.headers.set("x-ms-range", range_text(offset, size));
    return read_whole(*ask(piece, "").bytes);
  };
  reply.status = 200;
  reply.headers = headers_of_whole(reply.headers, total);
  reply.bytes = std::make_shared<PieceSource>(read_whole(*reply.bytes), total, fetch, settings);
  return reply;
}

}  // namespace batchite::azure
