// A request and its reply, without sockets: what a route sees.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>

#include "events/result.h"

namespace dualwrite::engine {

struct api_request {
  std::string method{};
  std::string path{};  // as sent, without the query
  std::map<std::string, std::string> query{};
  std::map<std::string, std::string> parts{};  // of the path, by the names in the route's pattern
  std::string body{};
  std::string actor{};
  std::string command_id{};     // Idempotency-Key
  std::string last_event_id{};  // of a stream that was interrupted

  // Empty where the request does not say.
  std::string_view asked(std::string const& name) const;
  bool flag(std::string const& name) const;
  // Errors: `request_invalid` where it is no number, or beyond `most`.
  [[nodiscard]] result<std::uint64_t> number(std::string const& name,
                                             std::uint64_t otherwise,
                                             std::uint64_t most) const;
  // The body as an object; empty where there is none.
  // Errors: `request_invalid`.
  [[nodiscard]] result<boost::json::object> json() const;
};

struct api_reply {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body{};
};

[[nodiscard]] api_reply json_reply(boost::json::value const& body, unsigned status = 200);
// RFC 9457.
[[nodiscard]] api_reply problem_reply(error const& what);
[[nodiscard]] unsigned http_status(error_code code);

// Splits "path?query" and takes the escapes out of the query.
// Errors: `request_invalid`.
[[nodiscard]] result<void> take_target(std::string_view target, api_request& request);
// Errors: `request_invalid` for an escape that is none.
[[nodiscard]] result<std::string> unescape(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string escape(std::string_view text);

// Errors: `request_invalid`.
[[nodiscard]] result<std::uint64_t> parse_number(std::string_view text);

}  // namespace dualwrite::engine
