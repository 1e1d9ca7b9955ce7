// An RSA key with its certificate, made for a test, as PEM; and whether a token is signed with it.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "core/base/freed.h"

namespace batchite::testing {

class RsaCertificate {
 public:
  RsaCertificate() : key_(EVP_RSA_gen(2048)), certificate_(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 86400);
    X509_set_pubkey(certificate_.get(), key_.get());
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  // Encrypted, if there is a password.
  std::string key_pem(const std::string& password = "") const {
    return written([&](BIO* out) {
      const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
      PEM_write_bio_PKCS8PrivateKey(out, key_.get(), cipher, password.data(), static_cast<int>(password.size()),
                                    nullptr, nullptr);
    });
  }
  std::string certificate_pem() const {
    return written([&](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string certificate_der() const {
    return written([&](BIO* out) { i2d_X509_bio(out, certificate_.get()); });
  }
  // Both, encrypted with the password.
  std::string pfx(const std::string& password) const {
    const std::unique_ptr<PKCS12, Freed<PKCS12_free>> store(
        PKCS12_create(password.c_str(), "test", key_.get(), certificate_.get(), nullptr, 0, 0, 0, 0, 0));
    return written([&](BIO* out) { i2d_PKCS12_bio(out, store.get()); });
  }
  // By RSA-PSS with SHA-256 and a salt of 32 bytes.
  bool has_signed(const std::string& text, const std::string& signature) const {
    const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> verifying(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    EVP_DigestVerifyInit(verifying.get(), &options, EVP_sha256(), nullptr, key_.get());
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32);
    return EVP_DigestVerify(verifying.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  }

 private:
  template <class Write>
  static std::string written(const Write& write) {
    const std::unique_ptr<BIO, Freed<BIO_free>> out(BIO_new(BIO_s_mem()));
    write(out.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, Freed<X509_free>> certificate_;
};

}  // namespace batchite::testing
