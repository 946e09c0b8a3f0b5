// What calls by libcurl have in common: that somebody else can break them off, and what of a name
// may go into a protocol.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dualwrite::engine {

struct curl_deleter {
  void operator()(CURL* one) const { curl_easy_cleanup(one); }
  void operator()(curl_slist* one) const { curl_slist_free_all(one); }
  void operator()(curl_mime* one) const { curl_mime_free(one); }
};
template <class T>
using held_by_curl = std::unique_ptr<T, curl_deleter>;

// The connection that is in use.
// Threads: any.
class call_line {
 public:
  // A call that is under way ends at once, and so does every later one.
  void stop();
  // Lets a call be broken off by stop(). The line outlives the call.
  void attach(CURL* call);

 private:
  static int take_socket(void* into, curl_socket_t socket, curlsocktype);
  static int close_socket(void* into, curl_socket_t socket);

  std::mutex guard_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  bool stopped_ = false;
};

// Null where there is no memory.
[[nodiscard]] held_by_curl<CURL> new_call();
[[nodiscard]] held_by_curl<curl_slist> curl_list(std::vector<std::string> const& lines);

[[nodiscard]] std::string base64(std::string_view bytes);
// Printable ASCII alone.
[[nodiscard]] bool is_plain(std::string_view text);

}  // namespace dualwrite::engine
