// Bodies that are files: read piece by piece, never held whole.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

namespace batchite {

// One reader at a time. Errors of the medium are thrown as Error.
class ByteSource {
 public:
  // An open file that holds the bytes still to be read, for sendfile and copy_file_range. The source keeps owning it.
  struct File {
    int descriptor;
    std::uint64_t offset;
    std::uint64_t size;
  };

  virtual ~ByteSource() = default;
  // Fills the front of `into` and says how much; 0 only at the end.
  virtual std::size_t read(std::span<char> into) = 0;
  // Bytes still to come, when known beforehand.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  virtual std::optional<File> file() const { return std::nullopt; }
};

class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return text_.size() - at_; }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// Less than all of `into` only at the end.
inline std::size_t read_fully(ByteSource& source, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const std::size_t count = source.read(into.subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

inline std::string read_all(ByteSource& source) {
  std::string text;
  char buffer[16384];
  while (const std::size_t count = source.read(buffer)) text.append(buffer, count);
  return text;
}

}  // namespace batchite
