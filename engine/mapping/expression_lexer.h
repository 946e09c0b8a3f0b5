// Expressions as words.
#pragma once

#include <optional>

#include <string>
#include <string_view>
#include <vector>

#include "engine/mapping/expression_syntax.h"

namespace dualwrite::engine {

enum class token_kind : std::uint8_t {
  end,
  name,         // a column, function, type or keyword; `text` as written
  quoted_name,  // "..."; `text` without the quotes
  number,
  text,    // '...'; `text` without the quotes
  symbol,  // one or two characters
};

struct token {
  token_kind kind = token_kind::end;
  text_place where;
  std::string text;

  // Keywords and functions are the same in capitals and small letters.
  [[nodiscard]] bool is_word(std::string_view lower) const;
  [[nodiscard]] bool is_symbol(std::string_view symbol) const {
    return kind == token_kind::symbol && text == symbol;
  }
};

// The words of `text`, the last one being `end`; or a fault.
struct token_list {
  std::vector<token> tokens;
  std::optional<expression_fault> fault;
};
[[nodiscard]] token_list read_tokens(std::string_view text);

[[nodiscard]] std::string lower_ascii(std::string_view text);

}  // namespace dualwrite::engine
