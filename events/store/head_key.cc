#include "events/store/head_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "events/assert.h"
#include "events/store/anchor.h"
#include "events/store/log_folder.h"

namespace dualwrite {

struct head_key::secret {
  EVP_PKEY* key = nullptr;
  explicit secret(EVP_PKEY* made) : key(made) {}
  secret(secret const&) = delete;
  secret& operator=(secret const&) = delete;
  ~secret() { EVP_PKEY_free(key); }
};

namespace {

namespace fs = std::filesystem;
using file_stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

result<EVP_PKEY*> read_key(fs::path const& path) {
  file_stream const file{std::fopen(path.c_str(), "re"), std::fclose};
  if (!file) return system_refused("Cannot open " + path.string());
  auto* const key = PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr);
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
    EVP_PKEY_free(key);
    return error{error_code::folder_refused, path.string() + " holds no Ed25519 key."};
  }
  return key;
}

// Written beside its place and renamed, so that a crash never leaves half a key under its name.
result<void> write_key(fs::path const& path, EVP_PKEY* key) {
  auto partial = path;
  partial += ".partial";
  ::unlink(partial.c_str());
  int const descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_refused("Cannot make " + partial.string());
  file_stream file{::fdopen(descriptor, "w"), std::fclose};
  bool const written =
      PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      std::fflush(file.get()) == 0 && ::fsync(descriptor) == 0;
  if (!written || ::rename(partial.c_str(), path.c_str()) != 0) {
    return system_refused("Cannot write " + path.string());
  }
  return sync_folder(path.parent_path());
}

}  // namespace

head_key::head_key(std::unique_ptr<secret> key) : key_(std::move(key)) {}
head_key::~head_key() = default;

result<std::unique_ptr<head_key>> head_key::in(fs::path const& folder) {
  auto const path = folder / "signing.key";
  std::error_code failed;
  if (fs::exists(path, failed)) {
    DW_TRY(auto* const read, read_key(path));
    return std::unique_ptr<head_key>{new head_key{std::make_unique<secret>(read)}};
  }
  auto made = std::make_unique<secret>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (made->key == nullptr) return error{error_code::folder_refused, "No key could be made."};
  DW_CHECK(write_key(path, made->key));
  return std::unique_ptr<head_key>{new head_key{std::move(made)}};
}

signed_head head_key::sign(log_head const& head) const {
  signed_head given{head.log, head.at, head.recorded_at, head.chain, {}, {}};
  auto key_bytes = given.key.size();
  auto signature_bytes = given.signature.size();
  auto const text = signed_text(given);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context{EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free};
  bool const good =
      context && EVP_PKEY_get_raw_public_key(key_->key, raw(given.key.data()), &key_bytes) == 1 &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->key) == 1 &&
      EVP_DigestSign(context.get(),
                     raw(given.signature.data()),
                     &signature_bytes,
                     reinterpret_cast<unsigned char const*>(text.data()),
                     text.size()) == 1;
  DW_ASSERT(good);
  return given;
}

result<void> check_signed_head(signed_head const& given, event_log const& log) {
  if (!is_signed(given)) return error{error_code::head_malformed};
  auto const head = log.head();
  auto known = head;
  if (given.at && !(given.at > head.at)) {
    DW_TRY(known, log.head_at(given.at));
    // What a fork has from before it is still the former log's.
    if (known.at == given.at && known.chain == given.chain) return {};
  }
  if (given.log != known.log) {
    return error{error_code::head_of_another_log,
                 fmt::format("It is of {}, this is log {}.", given.log.value, known.log.value)};
  }
  if (given.at > head.at) {
    return error{error_code::log_set_back,
                 fmt::format("It ends at {}, the head is of {}.", head.at.value, given.at.value),
                 head.at + 1};
  }
  return given.at ? result<void>(error{error_code::log_forked, {}, given.at}) : result<void>{};
}

result<verify_report> verify_with_head(event_log const& log,
                                       sequence from,
                                       signed_head const& given) {
  auto const checked = check_signed_head(given, log);
  if (!checked && class_of(checked.error().code) == error_class::refused) return checked.error();
  auto report = log.verify(from);
  note_anchor(report, checked);
  return report;
}

}  // namespace dualwrite
