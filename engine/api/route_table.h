// Every address of the API, once: for the server, for the OpenAPI document, and for the tests of
// both.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

#include "engine/api/api_context.h"

namespace dualwrite::engine {

// Who may ask: viewers read, operators act, admins configure. The local token is an admin's.
enum class access_role : std::uint8_t { nobody, viewer, operates, admin };

using answer = async<api_reply> (*)(api_context& context, api_request request);

struct route {
  std::string_view method;
  std::string_view pattern;  // "/api/v1/maps/{map}"
  access_role role = access_role::viewer;
  std::string_view name;  // operationId
  std::string_view summary;
  std::string_view asks;   // query parameters, with spaces between them
  answer reply = nullptr;  // none: a stream of events, which the server itself sends
};

[[nodiscard]] std::span<route const> routes();

// The route of a request, with the parts of its path taken out.
// Errors: `unknown_path`, `method_not_allowed`, `request_invalid`; `as_of_unavailable` where a view
// of another time is asked for.
[[nodiscard]] result<route const*> find_route(api_request& request);

// OpenAPI 3.1.
[[nodiscard]] boost::json::object open_api();

}  // namespace dualwrite::engine
