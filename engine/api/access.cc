#include "engine/api/access.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace dualwrite::engine {
namespace {

constexpr std::size_t token_bytes = 32;

error refused(std::string const& what) {
  return error{error_code::folder_refused, fmt::format("{}: {}", what, std::strerror(errno))};
}

result<std::string> random_token() {
  unsigned char bytes[token_bytes];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    return error{error_code::folder_refused, "The system gives no random bytes."};
  }
  std::string token;
  for (auto const byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

result<void> write_token(std::filesystem::path const& path, std::string const& token) {
  auto const scratch = path.string() + ".new";
  ::unlink(scratch.c_str());
  int const file = ::open(scratch.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return refused(scratch);
  auto const line = token + "\n";
  bool const written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  bool const synced = ::fsync(file) == 0;
  ::close(file);
  if (!written || !synced) return refused(scratch);
  if (::rename(scratch.c_str(), path.c_str()) != 0) return refused(path.string());
  return {};
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

result<std::string> local_token(std::filesystem::path const& folder) {
  auto const path = folder / "admin.token";
  std::ifstream file(path);
  std::string token;
  if (file && std::getline(file, token) && !token.empty()) return token;
  DW_TRY(token, random_token());
  DW_CHECK(write_token(path, token));
  return token;
}

bool carries_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization.starts_with(scheme)) return false;
  auto const given = authorization.substr(scheme.size());
  return given.size() == token.size() &&
         CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

bool is_loopback(std::string_view host) {
  bool const four =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return four || host == "localhost" || host == "::1" || host == "[::1]";
}

bool answers_for(std::string_view host, listen_address const& listen) {
  if (!is_loopback(listen.host)) return true;
  auto const name = without_port(host);
  return is_loopback(name);
}

}  // namespace dualwrite::engine
