#include "events/signed_head.h"

#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace dualwrite {
namespace {

unsigned char const* raw(std::byte const* bytes) {
  return reinterpret_cast<unsigned char const*>(bytes);
}

}  // namespace

std::string signed_text(signed_head const& head) {
  return fmt::format("dualwrite-head-1\nlog {}\nsequence {}\nrecorded-at {}\nchain {}\n",
                     head.log.value,
                     head.at.value,
                     head.recorded_at.us,
                     to_hex(head.chain));
}

bool is_signed(signed_head const& head) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(head.key.data()), head.key.size()),
      EVP_PKEY_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context{EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free};
  if (!key || !context) return false;
  auto const text = signed_text(head);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(),
                          raw(head.signature.data()),
                          head.signature.size(),
                          reinterpret_cast<unsigned char const*>(text.data()),
                          text.size()) == 1;
}

}  // namespace dualwrite
