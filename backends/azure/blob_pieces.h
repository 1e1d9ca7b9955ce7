// Large content in pieces, so that none of it is held whole and each piece can be asked for again: blobs are put as
// blocks and read as ranges, several at once, files of nodes are read as ranges.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "core/backend.h"
#include "core/base/entropy.h"

namespace batchite::azure {

// Room for pieces beyond one a blob, so that many large blobs at once do not make many times as many requests, nor hold
// as many pieces in memory. Any thread.
class Lanes {
 public:
  explicit Lanes(std::size_t count) : free_(static_cast<std::ptrdiff_t>(count)) {}
  // Until the answer is let go; null: all are taken.
  std::shared_ptr<void> take();

 private:
  std::atomic<std::ptrdiff_t> free_;
};

struct PieceSettings {
  std::size_t size = std::size_t{8} << 20;
  std::size_t at_once = 4;                 // of one blob
  std::shared_ptr<Lanes> lanes = nullptr;  // null: nobody else is there to leave room for
};

// The same, with lanes for one blob.
PieceSettings with_lanes(PieceSettings settings);

// One blob call with its whole body, until it has its answer. Any thread.
using AskBlob = std::function<BlobReply(const BlobCall& call, std::string body)>;

// Puts a block blob: small content in one request, else block by block. Nobody sees it before the last one is there.
BlobReply put_in_pieces(const BlobCall& call, const AskBlob& ask, const PieceSettings& settings,
                        const Entropy& entropy);

// REQUIRES: the call asks for no range. What comes after the first piece is read while it is read; if the blob changes
// meanwhile, reading throws ConditionNotMet. The answer is not to outlive `ask`.
BlobReply get_in_pieces(const BlobCall& call, const AskBlob& ask, const PieceSettings& settings);

// Reads what begins with `first`, and asks `fetch` for the rest of it, some pieces ahead. One reader at a time.
class PieceSource : public ByteSource {
 public:
  // Exactly `size` bytes from `offset`; throws Error.
  using Fetch = std::function<std::string(std::uint64_t offset, std::size_t size)>;
  PieceSource(std::string first, std::uint64_t total, Fetch fetch, PieceSettings settings);
  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return total_ - read_; }

 private:
  void ask_ahead();

  std::string piece_;
  std::size_t at_ = 0;  // in the piece
  const std::uint64_t total_;
  std::uint64_t read_ = 0, asked_;
  const Fetch fetch_;
  const PieceSettings settings_;
  struct Coming {
    std::future<std::string> piece;
    std::shared_ptr<void> lane;
  };
  std::deque<Coming> coming_;
};

}  // namespace batchite::azure
