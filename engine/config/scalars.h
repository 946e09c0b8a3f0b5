// The formats of single values in configuration files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/server_config.h"
#include "engine/mapping/expression_syntax.h"
#include "events/duration_text.h"

namespace dualwrite::engine {

// The place of the first byte that is not UTF-8, or a control character that YAML does not take;
// npos where there is none.
[[nodiscard]] std::size_t find_bad_byte(std::string_view text);

// Names of things: people type them, and LINK/MAP has to be readable. At most 100 bytes without a
// slash or control character, no space at either end, no dash at the front.
[[nodiscard]] bool is_valid_name(std::string_view name);

// HOST:PORT, an IPv6 address in brackets.
[[nodiscard]] std::optional<listen_address> parse_address(std::string_view text);
[[nodiscard]] std::string print_address(listen_address const& address);

[[nodiscard]] bool is_mail_address(std::string_view text);
// The parts between commas, without the spaces around them, as places in the text.
[[nodiscard]] std::vector<text_place> split_list(std::string_view text);

enum class secret_source : std::uint8_t { itself, environment, file };
struct secret_name {
  secret_source from = secret_source::itself;
  std::string name{};  // of the variable or the file; empty where there is none
};
[[nodiscard]] secret_name parse_secret(std::string_view text);

// Whether a connection URL, or a connection string of PostgreSQL, carries a password.
[[nodiscard]] bool holds_password(std::string_view url);
[[nodiscard]] bool is_postgresql_url(std::string_view url);
[[nodiscard]] bool is_smtp_url(std::string_view url);
[[nodiscard]] bool is_http_url(std::string_view url);

// "2026-12-05 22:00", counted as if it were UTC; nothing where it is no such date.
[[nodiscard]] std::optional<instant> parse_moment(std::string_view text);
[[nodiscard]] std::string print_moment(instant local);
// Whether the time zone database of the machine has it.
[[nodiscard]] bool is_time_zone(std::string_view name);

}  // namespace dualwrite::engine
