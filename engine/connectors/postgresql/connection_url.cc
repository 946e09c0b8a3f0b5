#include "engine/connectors/postgresql/connection_url.h"

#include <libpq-fe.h>

#include <fstream>
#include <string_view>

namespace dualwrite::engine::postgresql {
namespace {

// Nor may what was set for the role end a statement of ours.
constexpr char const* session_options =
    "-c datestyle=ISO -c timezone=UTC -c intervalstyle=iso_8601 -c bytea_output=hex "
    "-c extra_float_digits=1 -c standard_conforming_strings=on -c statement_timeout=0 "
    "-c idle_session_timeout=0 -c log_parameter_max_length_on_error=0";

}  // namespace

result<std::string> url_named(std::string const& text) {
  if (!text.starts_with("file:")) return text;
  auto const path = text.substr(5);
  std::ifstream file(path);
  std::string url;
  if (!std::getline(file, url))
    return error{error_code::app_unreachable, path + " cannot be read: it holds the app's URL"};
  if (url.ends_with('\r')) url.pop_back();
  return url;
}

std::string options_with(std::string const& url) {
  std::string out;
  auto* const given = PQconninfoParse(url.c_str(), nullptr);
  for (auto const* one = given; one != nullptr && one->keyword != nullptr; ++one) {
    if (std::string_view(one->keyword) == "options" && one->val != nullptr)
      out = std::string(one->val) + " ";
  }
  PQconninfoFree(given);
  return out + session_options;
}

}  // namespace dualwrite::engine::postgresql
