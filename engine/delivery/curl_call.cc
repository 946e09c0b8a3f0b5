#include "engine/delivery/curl_call.h"

#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

namespace dualwrite::engine {

void call_line::stop() {
  std::scoped_lock const lock(guard_);
  stopped_ = true;
  if (socket_ != CURL_SOCKET_BAD) ::shutdown(socket_, SHUT_RDWR);
}

void call_line::attach(CURL* call) {
  curl_easy_setopt(call, CURLOPT_SOCKOPTFUNCTION, &call_line::take_socket);
  curl_easy_setopt(call, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(call, CURLOPT_CLOSESOCKETFUNCTION, &call_line::close_socket);
  curl_easy_setopt(call, CURLOPT_CLOSESOCKETDATA, this);
}

int call_line::take_socket(void* into, curl_socket_t socket, curlsocktype) {
  auto& mine = *static_cast<call_line*>(into);
  std::scoped_lock const lock(mine.guard_);
  mine.socket_ = socket;
  return mine.stopped_ ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

int call_line::close_socket(void* into, curl_socket_t socket) {
  auto& mine = *static_cast<call_line*>(into);
  std::scoped_lock const lock(mine.guard_);
  if (mine.socket_ == socket) mine.socket_ = CURL_SOCKET_BAD;
  return ::close(socket);
}

held_by_curl<CURL> new_call() {
  static std::once_flag begun;
  std::call_once(begun, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return held_by_curl<CURL>(curl_easy_init());
}

held_by_curl<curl_slist> curl_list(std::vector<std::string> const& lines) {
  curl_slist* list = nullptr;
  for (auto const& line : lines) list = curl_slist_append(list, line.c_str());
  return held_by_curl<curl_slist>(list);
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto const length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                      reinterpret_cast<unsigned char const*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace dualwrite::engine
