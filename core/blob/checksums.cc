#include "core/blob/checksums.h"

#include <array>

#include "core/base/encoding.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::uint64_t kPolynomial = 0x9a6c9329ac4bc9b5;  // reflected
constexpr std::size_t kMd5Bytes = 16;

// kTables[k][b]: byte b, k bytes before the end of a word of eight.
constexpr auto kTables = [] {
  std::array<std::array<std::uint64_t, 256>, 8> tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t last = tables[k - 1][byte];
      tables[k][byte] = (last >> 8) ^ tables[0][last & 0xff];
    }
  }
  return tables;
}();

}  // namespace

std::uint64_t crc64_nvme(std::uint64_t crc, std::span<const char> bytes) {
  crc = ~crc;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);  // little-endian machines only, as everywhere in Batchite
    crc ^= word;
    std::uint64_t next = 0;
    for (std::size_t k = 0; k < 8; ++k) next ^= kTables[7 - k][(crc >> (8 * k)) & 0xff];
    crc = next;
  }
  for (; at < bytes.size(); ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(bytes[at])) & 0xff];
  return ~crc;
}

std::string md5(std::string_view bytes) {
  std::string digest(kMd5Bytes, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_md5(), nullptr);
  return digest;
}

std::string crc64_text(std::uint64_t crc) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>((crc >> (8 * i)) & 0xff);
  return base64_encode(bytes);
}

Expected Expected::from(const Parameters& headers, bool blob_md5) {
  Expected expected;
  const std::string* sent = blob_md5 ? headers.find("x-ms-blob-content-md5") : nullptr;
  if (!sent || sent->empty()) sent = headers.find("Content-MD5");
  if (sent && !sent->empty()) {
    expected.md5 = base64_decode(*sent);
    if (!expected.md5 || expected.md5->size() != kMd5Bytes) throw Error(kInvalidMd5);
  }
  const std::string crc = headers.get("x-ms-content-crc64");
  if (!crc.empty()) {
    if (headers.has("Content-MD5")) throw Error(kBothCrc64AndMd5HeaderPresent);
    const auto decoded = base64_decode(crc);
    if (!decoded || decoded->size() != 8) {
      throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-content-crc64"}, {"HeaderValue", crc}});
    }
    expected.crc64 = crc;
  }
  return expected;
}

CheckedSource::CheckedSource(ByteSource& source, Expected expected, Compute compute)
    : source_(source), expected_(std::move(expected)) {
  if (compute != Compute::Md5 && !expected_.md5) return;
  digest_.reset(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest_.get(), EVP_md5(), nullptr);
}

std::optional<ByteSource::File> CheckedSource::file() const {
  return digest_ || expected_.crc64 ? std::nullopt : source_.file();
}

std::size_t CheckedSource::read(std::span<char> into) {
  const std::size_t count = source_.read(into);
  if (digest_) EVP_DigestUpdate(digest_.get(), into.data(), count);
  if (expected_.crc64) crc_ = crc64_nvme(crc_, into.first(count));
  seen_ += count;
  return count;
}

void CheckedSource::verify() {
  if (digest_) {
    md5_.emplace(kMd5Bytes, '\0');
    EVP_DigestFinal_ex(digest_.get(), reinterpret_cast<unsigned char*>(md5_->data()), nullptr);
  }
  if (expected_.md5 && expected_.md5 != md5_) throw Error(kMd5Mismatch);
  if (expected_.crc64 && *expected_.crc64 != crc64_text(crc_)) throw Error(kCrc64Mismatch);
}

std::optional<std::string> CheckedSource::crc64() const {
  return expected_.crc64 ? std::optional(crc64_text(crc_)) : std::nullopt;
}

}  // namespace batchite
