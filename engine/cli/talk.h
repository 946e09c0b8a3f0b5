// What client commands share: where the server is, how answers are printed, how errors are told.
#pragma once

#include <boost/json/array.hpp>
#include <optional>

#include "engine/cli/command_table.h"
#include "engine/cli/http_client.h"
#include "engine/cli/table_text.h"

namespace dualwrite::engine {

// Says on stderr what went wrong; gives how the program ends.
exit_code tell(error const& what);

// By --server and --token, the environment, or the configuration file, in this order.
// Errors: `config_invalid`, `config_unreadable`, `folder_refused`.
[[nodiscard]] result<http_client> client_for(command_line const& line);

// The items of all pages, or as many as --limit says.
[[nodiscard]] result<boost::json::array> all_items(http_client& client,
                                                   std::string const& target,
                                                   command_line const& line);
// All of a list that is never long.
[[nodiscard]] result<boost::json::array> whole_list(http_client& client,
                                                    std::string const& target);

void print_items(boost::json::array const& items,
                 std::span<table_column const> columns,
                 command_line const& line);
// The same list as a file: whole, and in this format where none is asked for.
[[nodiscard]] command_line as_download(command_line line, std::string_view format);
void print_item(boost::json::value const& item,
                std::span<table_column const> columns,
                command_line const& line);

// A command that prints a list of the server's, or one thing of it.
exit_code list_items(command_line const& line,
                     std::string target,
                     std::span<table_column const> columns);
exit_code show_item(command_line const& line,
                    std::string const& target,
                    std::span<table_column const> columns);

// Asks on a terminal; elsewhere --yes has to be said.
[[nodiscard]] bool agreed(command_line const& line, std::string const& question);

// "path?map=..&limit=.." of those options that were given.
[[nodiscard]] std::string with_query(std::string path,
                                     command_line const& line,
                                     std::span<std::string_view const> options);

// Without end where stdout is no terminal: what reads it there wants whole texts.
[[nodiscard]] std::size_t terminal_width();

}  // namespace dualwrite::engine
