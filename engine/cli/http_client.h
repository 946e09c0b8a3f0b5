// A client of the API: one request, one answer.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <string>

#include "events/instant.h"
#include "events/result.h"

namespace dualwrite::engine {

struct server_address {
  std::string host = "127.0.0.1";
  std::string port = "8470";
  std::string token{};

  // "http://127.0.0.1:8470", "127.0.0.1:8470", "[::1]:8470".
  // Errors: `request_invalid`.
  [[nodiscard]] static result<server_address> parse(std::string_view url);
};

// Errors: `server_unreachable`; `timed_out`; what a problem document says.
// Threads: one at a time.
class http_client {
 public:
  http_client(server_address address, duration patience);

  [[nodiscard]] result<boost::json::value> get(std::string const& target);
  // Sent under a command id of its own, so that it is taken once however often it arrives.
  [[nodiscard]] result<boost::json::value> post(std::string const& target,
                                                boost::json::value const& body);
  [[nodiscard]] result<boost::json::value> post_text(std::string const& target, std::string text);
  [[nodiscard]] result<boost::json::value> remove(std::string const& target);
  // Server-sent events, until `take` says no or the server ends.
  [[nodiscard]] result<void> stream(std::string const& target,
                                    std::function<bool(std::string_view data)> const& take);

 private:
  [[nodiscard]] result<boost::json::value> ask(std::string const& method,
                                               std::string const& target,
                                               std::string body);

  server_address address_;
  duration patience_;
};

}  // namespace dualwrite::engine
