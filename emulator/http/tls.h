// Certificates for HTTPS on loopback: given, or made for this data directory.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

namespace batchite::http {

struct TlsContext;  // emulator/http/tls_context.h: OpenSSL's, for the server alone

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, the chain
  std::filesystem::path key;          // PEM
};

// Throws UsageError naming the file and what is wrong with it.
std::shared_ptr<const TlsContext> load_tls(const TlsFiles& files);

// A certificate for localhost, 127.0.0.1, ::1 and the storage account's host name, signed by a CA of this directory
// (ca.pem, which clients are told to trust). Made when missing or about to expire; keys are readable by their owner
// only.
struct GeneratedTls {
  TlsFiles files;
  std::filesystem::path authority;  // ca.pem
};
GeneratedTls generate_tls(const std::filesystem::path& directory);

}  // namespace batchite::http
