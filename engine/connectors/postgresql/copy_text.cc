#include "engine/connectors/postgresql/copy_text.h"

#include <algorithm>
#include <charconv>

#include "engine/connectors/postgresql/postgresql_values.h"

namespace dualwrite::engine::postgresql {
namespace {

bool is_escaped(char letter) {
  return letter == '\\' || letter == '\t' || letter == '\n' || letter == '\r';
}

// Few texts have anything to escape.
void escape_from(std::string& line, std::size_t begin) {
  auto const first = line.begin() + static_cast<std::ptrdiff_t>(begin);
  if (std::none_of(first, line.end(), is_escaped)) return;
  auto const plain = line.substr(begin);
  line.resize(begin);
  for (auto const letter : plain) {
    switch (letter) {
      case '\\':
        line += "\\\\";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      default:
        line.push_back(letter);
    }
  }
}

}  // namespace

void add_copied(std::string& line, value const& what) {
  if (what.is_null() || what.is_unchanged()) {
    line += "\\N";
    return;
  }
  auto const begin = line.size();
  append_text(line, what);
  escape_from(line, begin);
}

// "COPY customer, line 57, column name: …" is the last line, in the server's language: the number
// behind the table's name is the one.
std::size_t copied_line(std::string const& context, std::string const& table) {
  auto const last = context.substr(context.rfind('\n') + 1);
  auto const start = "COPY " + table + ",";
  if (!last.starts_with(start)) return 0;
  auto const digit = last.find_first_of("0123456789", start.size());
  std::size_t line = 0;
  if (digit != std::string::npos)
    std::from_chars(last.data() + digit, last.data() + last.size(), line);
  return line;
}

}  // namespace dualwrite::engine::postgresql
