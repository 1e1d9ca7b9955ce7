// What the data of a certificate holds. OpenSSL reads it, old archives (RC2, as many tools still write them) included.
// Pure but for OpenSSL's own state; any thread.
#pragma once
#include <optional>
#include <string>

namespace batchite {

struct CertificateContent {
  std::string thumbprint;   // SHA-1 of the certificate, 40 lower-case hexadecimal digits
  std::string public_data;  // the certificate alone: DER
};

// A certificate: DER or PEM. nullopt: it is none.
std::optional<CertificateContent> read_certificate(const std::string& bytes);
// An archive (PKCS #12) of a certificate and its private key. nullopt: it is none, or the password does not open it.
std::optional<CertificateContent> read_archive(const std::string& bytes, const std::string& password);

}  // namespace batchite
