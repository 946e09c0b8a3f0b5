#include "engine/api/api_request.h"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>

namespace dualwrite::engine {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

}  // namespace

std::string_view api_request::asked(std::string const& name) const {
  auto const found = query.find(name);
  return found == query.end() ? std::string_view{} : std::string_view(found->second);
}

bool api_request::flag(std::string const& name) const {
  auto const said = asked(name);
  return said == "true" || said == "1" || said == "yes";
}

result<std::uint64_t> api_request::number(std::string const& name,
                                          std::uint64_t otherwise,
                                          std::uint64_t most) const {
  auto const said = asked(name);
  if (said.empty()) return otherwise;
  auto const parsed = parse_number(said);
  if (!parsed || *parsed > most) {
    return error{error_code::request_invalid,
                 fmt::format("'{}' has to be a number from 0 to {}, not '{}'.", name, most, said)};
  }
  return *parsed;
}

result<boost::json::object> api_request::json() const {
  if (body.empty()) return boost::json::object{};
  boost::system::error_code failed;
  auto parsed = boost::json::parse(body, failed);
  if (failed || !parsed.is_object()) {
    return error{error_code::request_invalid, "The body has to be a JSON object."};
  }
  return std::move(parsed.as_object());
}

api_reply json_reply(boost::json::value const& body, unsigned status) {
  return {status, "application/json", boost::json::serialize(body)};
}

unsigned http_status(error_code code) {
  switch (code) {
    case error_code::unknown_map:
    case error_code::unknown_link:
    case error_code::unknown_app:
    case error_code::unknown_rule:
    case error_code::unknown_record:
    case error_code::unknown_entry:
    case error_code::unknown_execution:
    case error_code::sequence_not_found:
    case error_code::unknown_path:
      return 404;
    case error_code::method_not_allowed:
      return 405;
    case error_code::not_authorized:
      return 401;
    case error_code::host_refused:
      return 421;
    case error_code::request_invalid:
    case error_code::ambiguous_name:
      return 400;
    case error_code::invalid_definition:
    case error_code::config_invalid:
    case error_code::config_unreadable:
    case error_code::expression_invalid:
      return 422;
    case error_code::stopped:
    case error_code::app_unreachable:
    case error_code::app_busy:
      return 503;
    case error_code::timed_out:
      return 504;
    case error_code::log_disk_reserve:
      return 507;
    default:
      break;
  }
  return class_of(code) == error_class::refused ? 409 : 500;
}

api_reply problem_reply(error const& what) {
  boost::json::object problem;
  problem["type"] = fmt::format("urn:dualwrite:problem:{}", name_of(what.code));
  problem["title"] = sentence_of(what.code);
  problem["status"] = http_status(what.code);
  if (!what.detail.empty()) problem["detail"] = what.detail;
  problem["code"] = name_of(what.code);
  problem["number"] = static_cast<unsigned>(what.code);
  if (what.at) problem["sequence"] = std::to_string(what.at.value);
  auto reply = json_reply(problem, http_status(what.code));
  reply.type = "application/problem+json";
  return reply;
}

result<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      plain.push_back(' ');
    } else if (text[i] != '%') {
      plain.push_back(text[i]);
    } else {
      auto const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      auto const low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low)
        return error{error_code::request_invalid, "An escape in the address is cut or wrong."};
      plain.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    }
  }
  return plain;
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (char const c : text) {
    if (is_plain(c)) {
      escaped.push_back(c);
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

result<void> take_target(std::string_view target, api_request& request) {
  auto const mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return {};
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    auto const end = rest.find('&');
    auto const pair = rest.substr(0, end);
    auto const equals = pair.find('=');
    DW_TRY(auto name, unescape(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      DW_TRY(value, unescape(pair.substr(equals + 1), true));
    }
    if (!name.empty()) request.query[std::move(name)] = std::move(value);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return {};
}

result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  auto const end = text.data() + text.size();
  auto const [stopped_at, failed] = std::from_chars(text.data(), end, number);
  if (text.empty() || failed != std::errc{} || stopped_at != end) {
    return error{error_code::request_invalid, fmt::format("'{}' is not a number.", text)};
  }
  return number;
}

}  // namespace dualwrite::engine
