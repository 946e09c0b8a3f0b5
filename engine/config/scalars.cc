#include "engine/config/scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/runtime/system_time_zones.h"
#include "events/calendar.h"

namespace dualwrite::engine {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  auto const* end = text.data() + text.size();
  auto const [stop, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return number;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view host) {
  if (host.find(':') == std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (is_alphanumeric(c) && (c <= '9' || (c | 0x20) <= 'f')) || c == ':' || c == '.';
  });
}

// The part of a URL before its path, without the scheme: USER:PASSWORD@HOST:PORT.
std::optional<std::string_view> authority_of(std::string_view url) {
  auto const scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  url.remove_prefix(scheme + 3);
  return url.substr(0, std::min(url.find_first_of("/?#"), url.size()));
}

// Behind the scheme, and behind who asks.
bool names_host(std::string_view url) {
  auto authority = *authority_of(url);
  if (auto const at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  if (parse_address(authority)) return true;
  if (authority.starts_with('[') && authority.ends_with(']'))
    return is_ipv6(authority.substr(1, authority.size() - 2));
  return is_host(authority);
}

}  // namespace

std::size_t find_bad_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto const head = static_cast<unsigned char>(text[at]);
    if (head < 0x80) {
      bool const control = head < 0x20 && head != '\t' && head != '\n' && head != '\r';
      if (control || head == 0x7F) return at;
      ++at;
      continue;
    }
    std::size_t const size = head >= 0xF0 && head < 0xF5   ? 4
                             : head >= 0xE0 && head < 0xF0 ? 3
                             : head >= 0xC2 && head < 0xE0 ? 2
                                                           : 0;
    if (size == 0 || at + size > text.size()) return at;
    auto const second = static_cast<unsigned char>(text[at + 1]);
    bool const overlong = (head == 0xE0 && second < 0xA0) || (head == 0xF0 && second < 0x90);
    bool const beyond = (head == 0xED && second >= 0xA0) || (head == 0xF4 && second >= 0x90);
    if (overlong || beyond) return at;
    for (std::size_t next = at + 1; next < at + size; ++next) {
      if ((static_cast<unsigned char>(text[next]) & 0xC0) != 0x80) return at;
    }
    at += size;
  }
  return std::string_view::npos;
}

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name.front() == ' ' || name.front() == '-' ||
      name.back() == ' ')
    return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

std::optional<listen_address> parse_address(std::string_view text) {
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto const port = parse_number<std::uint16_t>(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  bool const bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || !(bracketed ? is_ipv6(host) : is_host(host))) return std::nullopt;
  return listen_address{std::string(host), *port};
}

std::string print_address(listen_address const& address) {
  bool const bracketed = address.host.find(':') != std::string::npos;
  return fmt::format(
      "{}{}{}:{}", bracketed ? "[" : "", address.host, bracketed ? "]" : "", address.port);
}

bool is_mail_address(std::string_view text) {
  auto const at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  auto const local = text.substr(0, at);
  auto const domain = text.substr(at + 1);
  bool const dots =
      local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos;
  bool const fits = std::all_of(local.begin(), local.end(), [](char c) {
    return is_alphanumeric(c) ||
           std::string_view("!#$%&'*+/=?^_`{|}~.-").find(c) != std::string_view::npos;
  });
  bool const ends = domain.starts_with('.') || domain.ends_with('.') || domain.starts_with('-') ||
                    domain.ends_with('-');
  return fits && !dots && is_host(domain) && !ends && domain.find("..") == std::string_view::npos;
}

std::vector<text_place> split_list(std::string_view text) {
  std::vector<text_place> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    auto const comma = std::min(text.find(',', begin), text.size());
    auto from = begin;
    auto to = comma;
    while (from < to && text[from] == ' ') ++from;
    while (to > from && text[to - 1] == ' ') --to;
    parts.push_back({from, to - from});
    begin = comma + 1;
  }
  return parts;
}

secret_name parse_secret(std::string_view text) {
  if (text.starts_with("env:")) {
    auto const name = text.substr(4);
    bool const fits = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                        return is_alphanumeric(c) || c == '_';
                      });
    return {secret_source::environment, fits ? std::string(name) : std::string()};
  }
  if (text.starts_with("file:")) return {secret_source::file, std::string(text.substr(5))};
  return {};
}

bool holds_password(std::string_view url) {
  if (auto const authority = authority_of(url)) {
    auto const at = authority->rfind('@');
    if (at != std::string_view::npos &&
        authority->substr(0, at).find(':') != std::string_view::npos)
      return true;
  }
  return url.find("password=") != std::string_view::npos ||
         url.find("password =") != std::string_view::npos;
}

bool is_postgresql_url(std::string_view url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return url.find(' ') == std::string_view::npos;
  return url.find("://") == std::string_view::npos && url.find('=') != std::string_view::npos;
}

bool is_smtp_url(std::string_view url) {
  if (!url.starts_with("smtp://") && !url.starts_with("smtps://")) return false;
  return names_host(url);
}

bool is_http_url(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  bool const is_plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c <= '~'; });
  return is_plain && names_host(url);
}

std::optional<instant> parse_moment(std::string_view text) {
  constexpr std::size_t date_and_minutes = 16;
  if (text.size() != date_and_minutes && text.size() != date_and_minutes + 3) return std::nullopt;
  std::string whole(text);
  if (whole[10] == 'T') whole[10] = ' ';
  if (whole.size() == date_and_minutes) whole += ":00";
  auto const parsed = parse_timestamp(whole);
  if (!parsed) return std::nullopt;
  return instant{*parsed};
}

std::string print_moment(instant local) {
  auto text = print_timestamp(local.us);
  if (auto const t = text.find('T'); t != std::string::npos) text[t] = ' ';
  return text.ends_with(":00") && text.size() > 16 ? text.substr(0, 16) : text;
}

bool is_time_zone(std::string_view name) {
  return system_time_zones().to_utc(name, instant{}).has_value();
}

}  // namespace dualwrite::engine
