#include "engine/mapping/token_cursor.h"

#include <fmt/format.h>

namespace dualwrite::engine {
namespace {

constexpr std::size_t text_max = 16 * 1024;
constexpr std::size_t nodes_max = 500;

}  // namespace

token_cursor::token_cursor(std::string_view text) : lexed_(read_tokens(text)) {
  fault = lexed_.fault;
  if (text.size() > text_max) refuse({0, 1}, "the expression is too long.", "shorten it.");
}

node_ptr token_cursor::refuse(text_place where, std::string reason, std::string fix) {
  if (!fault) fault = expression_fault{where, std::move(reason), std::move(fix)};
  return nullptr;
}

node_ptr token_cursor::unexpected() {
  auto const& found = here();
  if (found.kind == token_kind::end) return refuse(found.where, "something is missing at the end.");
  if (found.is_symbol("=="))
    return refuse(found.where, "'==' is not an operator.", "write = instead.");
  return refuse(found.where, fmt::format("'{}' is not expected here.", found.text));
}

bool token_cursor::expect_symbol(std::string_view symbol) {
  if (take_symbol(symbol)) return true;
  if (here().kind == token_kind::end)
    refuse(here().where, fmt::format("'{}' is missing.", symbol));
  else
    refuse(here().where, fmt::format("'{}' is expected instead of '{}'.", symbol, here().text));
  return false;
}

bool token_cursor::expect_word(std::string_view word, std::string_view shown) {
  if (take_word(word)) return true;
  refuse(here().where, fmt::format("{} is expected here.", shown));
  return false;
}

node_ptr token_cursor::make(node_kind kind, text_place from) {
  if (++nodes_ > nodes_max) return refuse(from, "the expression is too large.", "split it.");
  auto made = std::make_unique<node>();
  made->kind = kind;
  made->where = from;
  return made;
}

text_place token_cursor::up_to_here(text_place from) const {
  auto const& last = lexed_.tokens[at_ == 0 ? 0 : at_ - 1];
  return {from.offset, last.where.offset + last.where.length - from.offset};
}

node_ptr token_cursor::literal(value held, text_place where, bool is_free) {
  auto made = make(node_kind::literal, where);
  if (!made) return nullptr;
  made->type = held.type();
  made->held = std::move(held);
  made->is_free = is_free;
  return made;
}

node_ptr token_cursor::binary(binary_operator op, text_place where, node_ptr left, node_ptr right) {
  if (!left || !right) return nullptr;
  auto made = make(node_kind::binary, where);
  if (!made) return nullptr;
  made->op = op;
  made->children.push_back(std::move(left));
  made->children.push_back(std::move(right));
  return made;
}

}  // namespace dualwrite::engine
