#include "core/signing/client_assertion.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "core/base/digest.h"
#include "core/base/document.h"
#include "core/base/error.h"
#include "core/base/freed.h"
#include "core/signing/bearer_token.h"

namespace batchite {
namespace {

using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, Freed<PKCS12_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Signing = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

constexpr auto kLifetime = std::chrono::minutes(10);

Bio reader_of(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// Without a callback OpenSSL would ask whoever sits at the terminal.
int tell_password(char* into, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  text.copy(into, text.size());
  return static_cast<int>(text.size());
}

PrivateKey key_in(const std::string& pem, std::string password) {
  PrivateKey key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, tell_password, &password));
  if (!key && pem.find("PRIVATE KEY-----") == std::string::npos) throw UsageError("it holds no private key (PEM)");
  if (!key && pem.find("ENCRYPTED") != std::string::npos) {
    throw UsageError(password.empty() ? "its private key is encrypted, and no password is given"
                                      : "its private key cannot be decrypted with the password");
  }
  if (!key) throw UsageError("its private key cannot be read");
  return key;
}

std::string der_of(X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return bytes;
}

// The one of the key, in DER form.
std::string certificate_of(EVP_PKEY& key, const std::string& pem) {
  const Bio in = reader_of(pem);
  while (const Certificate one{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    if (X509_check_private_key(one.get(), &key) == 1) return der_of(*one);
  }
  throw UsageError("it holds no certificate of its private key (PEM)");
}

struct Identity {
  PrivateKey key;
  std::string certificate;  // DER
};

Identity identity_in(const Pkcs12& store, const std::string& password) {
  if (PKCS12_mac_present(store.get()) != 1) throw UsageError("it has no checksum (PKCS #12)");
  const bool is_right = PKCS12_verify_mac(store.get(), password.c_str(), -1) == 1 ||
                        (password.empty() && PKCS12_verify_mac(store.get(), nullptr, 0) == 1);
  if (!is_right) {
    throw UsageError(password.empty() ? "it is encrypted (PKCS #12), and no password is given"
                                      : "it cannot be decrypted with the password (PKCS #12)");
  }
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  const bool is_read = PKCS12_parse(store.get(), password.c_str(), &key, &certificate, nullptr) == 1;
  Identity identity{.key = PrivateKey(key), .certificate = {}};
  const Certificate owner(certificate);
  // OpenSSL 3 knows RC2 with 40 bits no more, unless it is told to.
  if (!is_read) throw UsageError("it is encrypted by a method of old (PKCS #12); write it anew, with AES-256");
  if (!identity.key || !owner) throw UsageError("it holds no private key with its certificate (PKCS #12)");
  identity.certificate = der_of(*owner);
  return identity;
}

Identity identity_in(const std::string& file, const std::string& password) {
  Identity identity;
  if (const Pkcs12 store{d2i_PKCS12_bio(reader_of(file).get(), nullptr)}) {
    identity = identity_in(store, password);
  } else {
    ERR_clear_error();  // of another form: no error
    identity.key = key_in(file, password);
    identity.certificate = certificate_of(*identity.key, file);
  }
  if (EVP_PKEY_get_base_id(identity.key.get()) != EVP_PKEY_RSA) throw UsageError("its private key is not an RSA key");
  return identity;
}

// PS256: RSA-PSS with SHA-256 and a salt as long as its digest (RFC 7518, 3.5).
std::string signature_of(EVP_PKEY& key, const std::string& text) {
  const Signing signing(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // the signing's
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(&key)), '\0');
  std::size_t size = signature.size();
  const bool is_signed = EVP_DigestSignInit(signing.get(), &options, EVP_sha256(), nullptr, &key) == 1 &&
                         EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                         EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                        reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  if (!is_signed) throw UsageError("its private key does not sign");
  signature.resize(size);
  return signature;
}

}  // namespace

std::string make_client_assertion(const std::string& file, const std::string& password,
                                  const ClientAssertion& assertion) {
  const Identity identity = identity_in(file, password);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(assertion.now).time_since_epoch().count();
  const Document header = {{"typ", "JWT"}, {"alg", "PS256"}, {"x5t#S256", to_base64url(sha256(identity.certificate))}};
  const Document claims = {{"aud", assertion.audience},
                           {"iss", assertion.client},
                           {"sub", assertion.client},
                           {"jti", assertion.id},
                           {"iat", seconds},
                           {"nbf", seconds},
                           {"exp", seconds + std::chrono::seconds(kLifetime).count()}};
  const std::string text = to_base64url(header.dump()) + "." + to_base64url(claims.dump());
  return text + "." + to_base64url(signature_of(*identity.key, text));
}

}  // namespace batchite
