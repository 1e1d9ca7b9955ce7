#include "core/operations/certificate_data.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <memory>

#include "core/base/encoding.h"
#include "core/base/freed.h"

namespace batchite {
namespace {

using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Archive = std::unique_ptr<PKCS12, Freed<PKCS12_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

// A context of our own, so that the old ciphers are there for archives and for nothing else. Never freed: it lives as
// long as the program.
OSSL_LIB_CTX* archive_context() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_load(made, "default");
    OSSL_PROVIDER_load(made, "legacy");  // may be missing; then old archives are refused
    return made;
  }();
  return context;
}

CertificateContent content_of(X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  CertificateContent content;
  if (size > 0) content.public_data.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(content.public_data.data()), content.public_data.size(), digest);
  content.thumbprint = hex_encode({reinterpret_cast<const char*>(digest), sizeof digest});
  return content;
}

std::optional<CertificateContent> content_of(const Certificate& certificate) {
  if (!certificate) return std::nullopt;
  return content_of(*certificate);
}

}  // namespace

std::optional<CertificateContent> read_certificate(const std::string& bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  if (Certificate der(d2i_X509(nullptr, &at, static_cast<long>(bytes.size()))); der) return content_of(der);
  const Bio text(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  return content_of(Certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)));
}

std::optional<CertificateContent> read_archive(const std::string& bytes, const std::string& password) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  PKCS12* raw = PKCS12_init_ex(NID_pkcs7_data, archive_context(), nullptr);
  const Archive archive(d2i_PKCS12(&raw, &at, static_cast<long>(bytes.size())));  // on failure frees what it was given
  if (!archive) return std::nullopt;
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  const bool parsed = PKCS12_parse(archive.get(), password.c_str(), &key, &certificate, nullptr) == 1;
  const PrivateKey owned_key(key);
  const Certificate owned(certificate);
  return parsed ? content_of(owned) : std::nullopt;
}

}  // namespace batchite
