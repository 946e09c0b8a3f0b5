// Where a parser stands in its tokens: it looks, takes and makes nodes; the first fault stays.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/mapping/expression_lexer.h"
#include "engine/mapping/expression_syntax.h"

namespace dualwrite::engine {

class token_cursor {
 public:
  explicit token_cursor(std::string_view text);

  std::optional<expression_fault> fault;

  token const& here() const { return lexed_.tokens[at_]; }
  token const& after(std::size_t ahead) const {
    return lexed_.tokens[std::min(at_ + ahead, lexed_.tokens.size() - 1)];
  }
  void advance() {
    if (at_ + 1 < lexed_.tokens.size()) ++at_;
  }
  bool take_word(std::string_view word) {
    if (!here().is_word(word)) return false;
    advance();
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (!here().is_symbol(symbol)) return false;
    advance();
    return true;
  }

  // Keeps the first fault; gives no node.
  node_ptr refuse(text_place where, std::string reason, std::string fix = {});
  node_ptr unexpected();
  bool expect_symbol(std::string_view symbol);
  bool expect_word(std::string_view word, std::string_view shown);

  // Nothing where the expression gets too large, or where a part is missing.
  node_ptr make(node_kind kind, text_place from);
  node_ptr literal(value held, text_place where, bool is_free);
  node_ptr binary(binary_operator op, text_place where, node_ptr left, node_ptr right);
  // From the first byte of `from` to the last token taken.
  text_place up_to_here(text_place from) const;

 private:
  token_list lexed_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace dualwrite::engine
