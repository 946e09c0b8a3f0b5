#include "engine/cli/talk.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

#include "engine/api/api_request.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

constexpr std::uint64_t items_otherwise = 100;

std::string environment(char const* name) {
  auto const* said = std::getenv(name);
  return said == nullptr ? std::string() : std::string(said);
}

std::string first_line(std::filesystem::path const& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What the file says, for what was not said otherwise.
result<void> take_from_file(std::string const& path, server_address& address, bool server_said) {
  std::string warnings;
  // The apps' secrets are the server's; a client gets by without them.
  DW_TRY(auto const config, load_config_file(path, secret_lookup{}, warnings));
  if (!server_said) {
    address.host = config.listen.host;
    address.port = std::to_string(config.listen.port);
    auto const written = first_line(std::filesystem::path(config.data_dir) / "server.address");
    if (config.listen.port == 0 && !written.empty()) {
      DW_TRY(auto const found, server_address::parse(written));
      address.host = found.host;
      address.port = found.port;
    }
  }
  if (address.token.empty()) {
    address.token = first_line(std::filesystem::path(config.data_dir) / "admin.token");
  }
  return {};
}

struct listed {
  boost::json::array items{};
  bool has_more = false;
};

result<listed> first_items(http_client& client, std::string const& target, std::size_t limit) {
  listed out;
  std::string cursor;
  while (out.items.size() < limit) {
    auto page = target + (target.find('?') == std::string::npos ? "?" : "&") +
                fmt::format("limit={}", std::min<std::size_t>(limit - out.items.size(), 1000));
    if (!cursor.empty()) page += "&cursor=" + cursor;
    DW_TRY(auto const body, client.get(page));
    for (auto const& one : body.at("items").as_array()) out.items.push_back(one);
    cursor = text_at(body, "next_cursor");
    if (cursor.empty()) return out;
  }
  out.has_more = true;
  return out;
}

}  // namespace

exit_code tell(error const& what) {
  auto const sentence = sentence_of(what.code);
  // A configuration's problems come with their places and speak for themselves.
  bool const itself = what.code == error_code::config_invalid && !what.detail.empty();
  auto text = itself ? what.detail : std::string(sentence);
  if (!itself && !what.detail.empty()) text += " " + what.detail;
  while (text.ends_with('\n')) text.pop_back();
  fmt::print(stderr, "{}{}\n", itself ? "" : "dualwrite: ", text);
  return exit_code_of(what.code);
}

result<http_client> client_for(command_line const& line) {
  server_address address;
  auto const server = line.get("server", environment("DUALWRITE_SERVER"));
  if (!server.empty()) {
    DW_TRY(address, server_address::parse(server));
  }
  address.token = line.get("token", environment("DUALWRITE_TOKEN"));
  auto path = line.get("config");
  bool const needed = server.empty() || address.token.empty();
  if (path.empty() && needed && std::filesystem::exists("dualwrite.yaml")) path = "dualwrite.yaml";
  if (!path.empty()) DW_CHECK(take_from_file(path, address, !server.empty()));
  auto const seconds = std::atoll(line.get("timeout", "60").c_str());
  // A wait is the server's; the client gives it a little more, so that the answer says what
  // happened.
  return http_client(std::move(address),
                     std::chrono::seconds(seconds + (line.has("wait") ? 5 : 0)));
}

result<boost::json::array> all_items(http_client& client,
                                     std::string const& target,
                                     command_line const& line) {
  auto const limit = static_cast<std::size_t>(
      std::atoll(line.get("limit", std::to_string(items_otherwise)).c_str()));
  DW_TRY(auto found, first_items(client, target, limit));
  if (found.has_more && !line.has("limit"))
    fmt::print(stderr, "There are more; --limit gives more of them.\n");
  return std::move(found.items);
}

result<boost::json::array> whole_list(http_client& client, std::string const& target) {
  DW_TRY(auto found, first_items(client, target, std::numeric_limits<std::size_t>::max()));
  return std::move(found.items);
}

void print_items(boost::json::array const& items,
                 std::span<table_column const> columns,
                 command_line const& line) {
  auto const format = line.get("output", "text");
  if (format == "json") {
    std::cout << boost::json::serialize(items) << "\n";
  } else if (format == "jsonl") {
    for (auto const& one : items) std::cout << boost::json::serialize(one) << "\n";
  } else if (format == "csv") {
    std::cout << table_csv(items, columns);
  } else if (items.empty()) {
    fmt::print(stderr, "There are none.\n");
  } else {
    std::cout << table_text(items, columns, terminal_width());
  }
}

command_line as_download(command_line line, std::string_view format) {
  constexpr std::size_t everything = 100'000'000;
  line.options.emplace("output", format);
  line.options["limit"] = std::to_string(everything);
  return line;
}

void print_item(boost::json::value const& item,
                std::span<table_column const> columns,
                command_line const& line) {
  auto const format = line.get("output", "text");
  if (format == "json" || format == "jsonl") {
    std::cout << boost::json::serialize(item) << "\n";
  } else if (format == "csv") {
    boost::json::array items;
    items.push_back(item);
    std::cout << table_csv(items, columns);
  } else {
    std::cout << outline_text(item);
  }
}

exit_code list_items(command_line const& line,
                     std::string target,
                     std::span<table_column const> columns) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const items = all_items(*client, std::move(target), line);
  if (!items) return tell(items.error());
  print_items(*items, columns, line);
  return exit_code::fine;
}

exit_code show_item(command_line const& line,
                    std::string const& target,
                    std::span<table_column const> columns) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const item = client->get(target);
  if (!item) return tell(item.error());
  print_item(*item, columns, line);
  return exit_code::fine;
}

bool agreed(command_line const& line, std::string const& question) {
  if (line.has("yes")) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr, "{} Say --yes.\n", question);
    return false;
  }
  fmt::print(stderr, "{} [y/N] ", question);
  std::string said;
  std::getline(std::cin, said);
  return said == "y" || said == "yes";
}

std::string with_query(std::string path,
                       command_line const& line,
                       std::span<std::string_view const> options) {
  char before = path.find('?') == std::string::npos ? '?' : '&';
  for (auto const option : options) {
    std::string const name(option);
    if (!line.has(name)) continue;
    path += fmt::format("{}{}={}", before, name, escape(line.get(name)));
    before = '&';
  }
  return path;
}

std::size_t terminal_width() {
  winsize size{};
  bool const known = ::isatty(STDOUT_FILENO) != 0 &&
                     ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : std::numeric_limits<std::size_t>::max();
}

}  // namespace dualwrite::engine
