// Lists as text: columns as wide as they need to be, and no line wider than the terminal.
#pragma once

#include <boost/json/array.hpp>
#include <span>
#include <string>
#include <string_view>

namespace dualwrite::engine {

struct table_column {
  std::string_view title;
  std::string_view path;  // "name", or "last_error.text" inside
  bool number = false;    // right-aligned
};

// The text of what stands at `path`; empty where there is nothing.
[[nodiscard]] std::string text_at(boost::json::value const& item, std::string_view path);

// The widest columns of text are cut where the lines would be wider than `width`.
[[nodiscard]] std::string table_text(boost::json::array const& items,
                                     std::span<table_column const> columns,
                                     std::size_t width);
// RFC 4180.
[[nodiscard]] std::string table_csv(boost::json::array const& items,
                                    std::span<table_column const> columns);

// "name   customers", one to a line; objects and lists inside are indented.
[[nodiscard]] std::string outline_text(boost::json::value const& item);

}  // namespace dualwrite::engine
