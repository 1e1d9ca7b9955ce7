// MD5 and CRC-64/NVME of bodies as they pass, and the checks against what the client sent. The CRC travels as base64 of
// its eight bytes, lowest first; MD5 as base64 of its sixteen.
// Source: learn.microsoft.com/rest/api/storageservices/put-blob; recorded pairs of body and checksum.
// An object serves one body and one thread. Throws InvalidMd5, Md5Mismatch, Crc64Mismatch,
// BothCrc64AndMd5HeaderPresent.
#pragma once
#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/parameters.h"

namespace batchite {

std::uint64_t crc64_nvme(std::uint64_t crc,
                         std::span<const char> bytes);  // start with 0; continue with the last answer
std::string md5(std::string_view bytes);                // sixteen bytes
std::string crc64_text(std::uint64_t crc);

// What is to be computed of a body, and what it must come to.
struct Expected {
  std::optional<std::string> md5 = {};    // sixteen bytes
  std::optional<std::string> crc64 = {};  // base64, as sent
  // From Content-MD5 and x-ms-content-crc64; x-ms-blob-content-md5 takes the place of the first when `blob_md5`.
  static Expected from(const Parameters& headers, bool blob_md5);
};

// Passes the bytes of another source through and sums them up. Hides its file(), so that every byte is seen.
class CheckedSource : public ByteSource {
 public:
  enum class Compute { Md5, WhatIsExpected };
  CheckedSource(ByteSource& source, Expected expected, Compute compute);

  std::size_t read(std::span<char> into) override;
  std::optional<std::uint64_t> size() const override { return source_.size(); }
  std::optional<File> file() const override;

  void verify();  // after the end; throws the mismatch
  std::optional<std::string> md5() const { return md5_; }
  std::optional<std::string> crc64() const;
  std::uint64_t seen() const { return seen_; }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  ByteSource& source_;
  Expected expected_;
  std::unique_ptr<EVP_MD_CTX, Free> digest_;  // null: no MD5 wanted
  std::uint64_t crc_ = 0;
  std::uint64_t seen_ = 0;
  std::optional<std::string> md5_;
};

}  // namespace batchite
