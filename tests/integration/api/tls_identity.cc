#include "tests/integration/api/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace assay::test {
namespace {

// Ends the test when OpenSSL fails.
template <typename T>
T Require(T result) {
  if (!result) {
    std::fputs("OpenSSL failed\n", stderr);
    std::abort();
  }
  return result;
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

TlsIdentity MakeTlsIdentity() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(Require(EVP_EC_gen("P-256")),
                                                                EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(Require(X509_new()), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      Require(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                  "DNS:localhost,IP:127.0.0.1")),
      X509_EXTENSION_free);
  X509_add_ext(certificate.get(), names.get(), -1);
  Require(X509_sign(certificate.get(), key.get(), EVP_sha256()));

  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate_pem(BIO_new(BIO_s_mem()), BIO_free);
  Require(PEM_write_bio_X509(certificate_pem.get(), certificate.get()));
  const std::unique_ptr<BIO, decltype(&BIO_free)> key_pem(BIO_new(BIO_s_mem()), BIO_free);
  Require(
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  return {Text(certificate_pem.get()), Text(key_pem.get())};
}

}  // namespace assay::test
