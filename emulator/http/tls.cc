#include "emulator/http/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>

#include "backends/system/real.h"
#include "core/base/error.h"
#include "core/base/freed.h"
#include "emulator/http/tls_context.h"

namespace batchite::http {
namespace {

namespace fs = std::filesystem;

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using File = std::unique_ptr<FILE, Freed<fclose>>;

constexpr long kDay = 24 * 60 * 60;
constexpr long kAuthorityDays = 3650;
constexpr long kServerDays = 365;
constexpr long kRenewDays = 30;  // before the end
constexpr const char* kNames = "DNS:localhost,DNS:*.localhost,DNS:devstoreaccount1.blob.localhost,IP:127.0.0.1,IP:::1";

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw UsageError("the certificate " + file.string() + " cannot be used: " + what);
}

File open_file(const fs::path& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (!file) fail(path, std::strerror(errno));
  return file;
}

Key make_key() { return Key(EVP_EC_gen("P-256")); }

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate for `key`, not yet signed.
Certificate begin_certificate(EVP_PKEY* key, const char* name, long days) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::uint64_t serial = 0;
  random_bytes({reinterpret_cast<unsigned char*>(&serial), sizeof serial});
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return certificate;
}

Certificate make_authority(EVP_PKEY* key) {
  Certificate certificate = begin_certificate(key, "Batchite local authority", kAuthorityDays);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

Certificate make_server(EVP_PKEY* key, X509* authority, EVP_PKEY* authority_key) {
  Certificate certificate = begin_certificate(key, "localhost", kServerDays);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority));
  extend(certificate.get(), authority, NID_basic_constraints, "CA:FALSE");
  extend(certificate.get(), authority, NID_ext_key_usage, "serverAuth");
  extend(certificate.get(), authority, NID_subject_alt_name, kNames);
  extend(certificate.get(), authority, NID_authority_key_identifier, "keyid");
  X509_sign(certificate.get(), authority_key, EVP_sha256());
  return certificate;
}

void write_key(const fs::path& path, EVP_PKEY* key) {
  const mode_t before = ::umask(077);
  const File file = open_file(path, "w");
  ::umask(before);
  PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
}

void write_certificates(const fs::path& path, std::initializer_list<X509*> chain) {
  const File file = open_file(path, "w");
  for (X509* certificate : chain) PEM_write_X509(file.get(), certificate);
}

bool is_good(const fs::path& path) {
  const File file(std::fopen(path.c_str(), "r"));
  if (!file) return false;
  const Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  time_t until = std::time(nullptr) + kRenewDays * kDay;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &until) > 0;
}

}  // namespace

std::shared_ptr<const TlsContext> load_tls(const TlsFiles& files) {
  auto tls = std::make_shared<TlsContext>();
  boost::system::error_code error;
  tls->context.set_options(boost::asio::ssl::context::default_workarounds | boost::asio::ssl::context::no_sslv3 |
                           boost::asio::ssl::context::no_tlsv1 | boost::asio::ssl::context::no_tlsv1_1);
  tls->context.use_certificate_chain_file(files.certificate, error);
  if (error) fail(files.certificate, error.message());
  tls->context.use_private_key_file(files.key, boost::asio::ssl::context::pem, error);
  if (error) fail(files.key, error.message() + " (a PEM private key that belongs to the certificate is needed)");
  return tls;
}

GeneratedTls generate_tls(const fs::path& directory) {
  GeneratedTls made{.files = {directory / "server.pem", directory / "server.key"}, .authority = directory / "ca.pem"};
  if (is_good(made.files.certificate) && is_good(made.authority) && fs::exists(made.files.key)) return made;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) fail(directory, error.message());
  const Key authority_key = make_key();
  const Key server_key = make_key();
  const Certificate authority = make_authority(authority_key.get());
  const Certificate server = make_server(server_key.get(), authority.get(), authority_key.get());
  write_key(directory / "ca.key", authority_key.get());
  write_key(made.files.key, server_key.get());
  write_certificates(made.authority, {authority.get()});
  write_certificates(made.files.certificate, {server.get(), authority.get()});
  return made;
}

}  // namespace batchite::http
