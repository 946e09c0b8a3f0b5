#include <fmt/format.h>
#include <algorithm>

#include "engine/api/route_table.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::string_view take_segment(std::string_view& path) {
  if (path.empty()) return {};
  path.remove_prefix(1);
  auto const end = path.find('/');
  auto const segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  return segment;
}

using path_parts = std::map<std::string, std::string>;

result<bool> matches(std::string_view pattern, std::string_view path, path_parts& parts) {
  while (!pattern.empty() && !path.empty()) {
    auto const wanted = take_segment(pattern);
    auto const given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      DW_TRY(auto plain, unescape(given, false));
      parts[std::string(wanted.substr(1, wanted.size() - 2))] = std::move(plain);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

std::vector<std::string_view> asked_by(route const& one) {
  std::vector<std::string_view> names;
  for (auto rest = one.asks; !rest.empty();) {
    auto const end = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

// A parameter that would be passed over in silence is one that does not do what its user meant.
result<void> check_query(route const& one, api_request const& request) {
  auto const known = asked_by(one);
  for (auto const& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (name == "as_of") return error{error_code::as_of_unavailable, request.path};
    auto const near = near_name(name, known);
    auto const hint = !near.empty()   ? fmt::format("Did you mean '{}'?", near)
                      : known.empty() ? std::string("It takes none.")
                                      : fmt::format("It takes {}.", fmt::join(known, ", "));
    return error{error_code::request_invalid,
                 fmt::format("{} has no parameter '{}'. {}", request.path, name, hint)};
  }
  return {};
}

}  // namespace

result<route const*> find_route(api_request& request) {
  bool other_method = false;
  for (auto const& one : routes()) {
    path_parts parts;
    DW_TRY(bool const fits, matches(one.pattern, request.path, parts));
    if (!fits) continue;
    if (one.method != request.method) {
      other_method = true;
      continue;
    }
    DW_CHECK(check_query(one, request));
    request.parts = std::move(parts);
    return &one;
  }
  return error{other_method ? error_code::method_not_allowed : error_code::unknown_path,
               request.method + " " + request.path};
}

}  // namespace dualwrite::engine
