#include "engine/cli/table_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

namespace dualwrite::engine {
namespace {

// Control characters of an app's text must not reach a terminal.
std::string plain(std::string_view text) {
  std::string out;
  for (char const c : text)
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
  return out;
}

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string fitted(std::string const& text, std::size_t width, bool right) {
  auto const wide = width_of(text);
  if (wide <= width) {
    std::string const space(width - wide, ' ');
    return right ? space + text : text + space;
  }
  std::string cut;
  std::size_t taken = 0;
  for (char const c : text) {
    if (begins_character(c) && ++taken > width - 1) break;
    cut.push_back(c);
  }
  return cut + "…";
}

std::string scalar_text(boost::json::value const& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  if (auto const* list = value.if_array()) {
    std::string out;
    for (auto const& one : *list) out += (out.empty() ? "" : ", ") + scalar_text(one);
    return out;
  }
  if (auto const* object = value.if_object()) {
    std::string out;
    for (auto const& [name, one] : *object) {
      out +=
          fmt::format("{}{}={}", out.empty() ? "" : ", ", std::string_view(name), scalar_text(one));
    }
    return out;
  }
  return boost::json::serialize(value);
}

using cells = std::vector<std::vector<std::string>>;

std::vector<std::size_t> widths_of(cells const& rows, std::size_t width) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (auto const& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  auto const total = [&] {
    std::size_t sum = 2 * (widths.size() - 1);
    for (auto const one : widths) sum += one;
    return sum;
  };
  constexpr std::size_t narrowest = 8;
  while (total() > width) {
    auto const widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= narrowest) break;
    --*widest;
  }
  return widths;
}

void add_outline(std::string& out, boost::json::object const& object, std::size_t indent) {
  std::size_t wide = 0;
  for (auto const& [name, one] : object) wide = std::max(wide, name.size());
  std::string const margin(indent, ' ');
  for (auto const& [name, one] : object) {
    auto const title = std::string_view(name);
    auto const* list = one.if_array();
    bool const objects = list != nullptr && !list->empty() && list->front().is_object();
    if (one.is_object() && !one.as_object().empty()) {
      out += fmt::format("{}{}:\n", margin, title);
      add_outline(out, one.as_object(), indent + 2);
    } else if (objects) {
      out += fmt::format("{}{}:\n", margin, title);
      for (auto const& item : *list) {
        out += fmt::format("{}  -\n", margin);
        if (item.is_object()) add_outline(out, item.as_object(), indent + 4);
      }
    } else {
      auto text = plain(scalar_text(one));
      auto line =
          fmt::format("{}{}{}  {}", margin, title, std::string(wide - title.size(), ' '), text);
      while (line.ends_with(' ')) line.pop_back();
      out += line + "\n";
    }
  }
}

}  // namespace

std::string text_at(boost::json::value const& item, std::string_view path) {
  auto const* at = &item;
  while (!path.empty()) {
    auto const dot = path.find('.');
    auto const* object = at->if_object();
    if (object == nullptr) return {};
    at = object->if_contains(path.substr(0, dot));
    if (at == nullptr) return {};
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return scalar_text(*at);
}

std::string table_text(boost::json::array const& items,
                       std::span<table_column const> columns,
                       std::size_t width) {
  cells rows(1);
  for (auto const& column : columns) rows[0].emplace_back(column.title);
  for (auto const& item : items) {
    auto& row = rows.emplace_back();
    for (auto const& column : columns) row.push_back(plain(text_at(item, column.path)));
  }
  auto const widths = widths_of(rows, width);
  std::string out;
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += (i == 0 ? "" : "  ") + fitted(row[i], widths[i], columns[i].number);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string table_csv(boost::json::array const& items, std::span<table_column const> columns) {
  auto const cell = [](std::string text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char const c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
  };
  std::string out;
  for (auto const& column : columns)
    out += (&column == &columns[0] ? "" : ",") + std::string(column.path);
  out += "\r\n";
  for (auto const& item : items) {
    for (auto const& column : columns) {
      out += (&column == &columns[0] ? "" : ",") + cell(text_at(item, column.path));
    }
    out += "\r\n";
  }
  return out;
}

std::string outline_text(boost::json::value const& item) {
  std::string out;
  if (auto const* object = item.if_object()) add_outline(out, *object, 0);
  return out;
}

}  // namespace dualwrite::engine
