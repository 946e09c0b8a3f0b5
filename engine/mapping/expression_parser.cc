#include "engine/mapping/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/mapping/expression_words.h"
#include "engine/mapping/token_cursor.h"

namespace dualwrite::engine {
namespace {

constexpr int depth_max = 60;

class parser : private token_cursor {
 public:
  explicit parser(std::string_view text) : token_cursor(text) {}

  parsed_expression run() {
    node_ptr tree;
    if (!fault) tree = logical_or();
    if (!fault && here().kind != token_kind::end) unexpected();
    if (fault) return {nullptr, std::move(fault)};
    return {std::move(tree), std::nullopt};
  }

 private:
  node_ptr logical_or() {
    if (++depth_ > depth_max)
      return refuse(here().where, "the expression is nested too deeply.", "split it.");
    auto left = logical_and();
    while (left && here().is_word("or")) {
      auto const where = here().where;
      advance();
      left = binary(binary_operator::logical_or, where, std::move(left), logical_and());
    }
    --depth_;
    return left;
  }

  node_ptr logical_and() {
    auto left = logical_not();
    while (left && here().is_word("and")) {
      auto const where = here().where;
      advance();
      left = binary(binary_operator::logical_and, where, std::move(left), logical_not());
    }
    return left;
  }

  node_ptr logical_not() {
    if (!here().is_word("not")) return comparison();
    if (++depth_ > depth_max)
      return refuse(here().where, "the expression is nested too deeply.", "split it.");
    auto made = make(node_kind::logical_not, here().where);
    advance();
    auto operand = logical_not();
    --depth_;
    if (!made || !operand) return nullptr;
    made->children.push_back(std::move(operand));
    return made;
  }

  std::optional<binary_operator> comparison_here() const {
    constexpr std::pair<std::string_view, binary_operator> known[] = {
        {"=", binary_operator::equal},
        {"<>", binary_operator::not_equal},
        {"!=", binary_operator::not_equal},
        {"<", binary_operator::less},
        {"<=", binary_operator::less_equal},
        {">", binary_operator::greater},
        {">=", binary_operator::greater_equal}};
    for (auto const& [symbol, op] : known) {
      if (here().is_symbol(symbol)) return op;
    }
    return std::nullopt;
  }

  node_ptr comparison() {
    auto left = sum();
    if (!left) return nullptr;
    if (auto const op = comparison_here()) {
      auto const where = here().where;
      advance();
      left = binary(*op, where, std::move(left), sum());
      if (left && comparison_here()) {
        return refuse(here().where, "comparisons do not chain.", "join two comparisons by AND.");
      }
      return left;
    }
    return predicate(std::move(left));
  }

  node_ptr predicate(node_ptr operand) {
    auto const where = here().where;
    if (take_word("is")) {
      auto made = make(node_kind::is_null, where);
      if (!made) return nullptr;
      made->negated = take_word("not");
      if (!here().is_word("null")) {
        return refuse(here().where, "NULL is expected after IS.", "compare with = or <>.");
      }
      advance();
      made->children.push_back(std::move(operand));
      return made;
    }
    bool const negated = here().is_word("not");
    auto const& word = negated ? after(1) : here();
    node_ptr made;
    if (word.is_word("in"))
      made = in_list(negated, std::move(operand));
    else if (word.is_word("between"))
      made = between(negated, std::move(operand));
    else if (word.is_word("like"))
      made = like(negated, std::move(operand));
    else
      return operand;
    if (made) made->negated = negated;
    return made;
  }

  node_ptr in_list(bool negated, node_ptr operand) {
    auto made = make(node_kind::in_list, here().where);
    for (int words = negated ? 2 : 1; words > 0; --words) advance();
    if (!made || !expect_symbol("(")) return nullptr;
    made->children.push_back(std::move(operand));
    return arguments(std::move(made));
  }

  node_ptr between(bool negated, node_ptr operand) {
    auto made = make(node_kind::between, here().where);
    for (int words = negated ? 2 : 1; words > 0; --words) advance();
    auto low = sum();
    if (!made || !low || !expect_word("and", "AND")) return nullptr;
    auto high = sum();
    if (!high) return nullptr;
    made->children.push_back(std::move(operand));
    made->children.push_back(std::move(low));
    made->children.push_back(std::move(high));
    return made;
  }

  node_ptr like(bool negated, node_ptr operand) {
    auto made = make(node_kind::like, here().where);
    for (int words = negated ? 2 : 1; words > 0; --words) advance();
    auto pattern = sum();
    if (!made || !pattern) return nullptr;
    made->children.push_back(std::move(operand));
    made->children.push_back(std::move(pattern));
    if (take_word("escape")) {
      auto escape = sum();
      if (!escape) return nullptr;
      made->children.push_back(std::move(escape));
    }
    return made;
  }

  node_ptr sum() {
    auto left = product();
    while (left) {
      auto const where = here().where;
      binary_operator op;
      if (take_symbol("+"))
        op = binary_operator::add;
      else if (take_symbol("-"))
        op = binary_operator::subtract;
      else if (take_symbol("||"))
        op = binary_operator::concatenate;
      else
        break;
      left = binary(op, where, std::move(left), product());
    }
    return left;
  }

  node_ptr product() {
    auto left = sign();
    while (left) {
      auto const where = here().where;
      binary_operator op;
      if (take_symbol("*"))
        op = binary_operator::multiply;
      else if (take_symbol("/"))
        op = binary_operator::divide;
      else if (take_symbol("%"))
        op = binary_operator::modulo;
      else
        break;
      left = binary(op, where, std::move(left), sign());
    }
    return left;
  }

  node_ptr sign() {
    auto const where = here().where;
    if (!here().is_symbol("-") && !here().is_symbol("+")) return primary();
    bool const negative = here().is_symbol("-");
    advance();
    if (here().kind == token_kind::number) return number(negative, where);
    if (++depth_ > depth_max)
      return refuse(where, "the expression is nested too deeply.", "split it.");
    auto operand = sign();
    --depth_;
    if (!operand || !negative) return operand;
    auto made = make(node_kind::negative, where);
    if (!made) return nullptr;
    made->children.push_back(std::move(operand));
    return made;
  }

  node_ptr number(bool negative, text_place from) {
    auto const text = (negative ? "-" : "") + here().text;
    auto const parsed = decimal::parse(text);
    if (!parsed) return refuse(here().where, "the number has too many digits.");
    bool const is_whole = here().text.find_first_not_of("0123456789") == std::string::npos;
    auto const whole = is_whole ? parsed->to_int64() : std::nullopt;
    advance();
    return literal(
        whole ? value::of_int64(*whole) : value::of_decimal(*parsed), up_to_here(from), true);
  }

  node_ptr primary() {
    auto const first = here();
    switch (first.kind) {
      case token_kind::number:
        return number(false, first.where);
      case token_kind::text:
        advance();
        return literal(value::of_text(first.text), first.where, true);
      case token_kind::quoted_name:
        return column();
      case token_kind::name:
        return word();
      case token_kind::symbol:
      case token_kind::end:
        break;
    }
    if (!take_symbol("(")) return unexpected();
    auto inside = logical_or();
    if (!inside || !expect_symbol(")")) return nullptr;
    return inside;
  }

  node_ptr word() {
    auto const first = here();
    auto const lower = lower_ascii(first.text);
    if (lower == "true" || lower == "false") {
      advance();
      return literal(value::of_boolean(lower == "true"), first.where, false);
    }
    if (lower == "null") {
      advance();
      return literal(value::null(), first.where, true);
    }
    if (lower == "case") return case_of();
    if (lower == "cast") return cast();
    if (after(1).kind == token_kind::text) return typed_literal(lower);
    if (is_keyword(lower)) {
      return refuse(first.where,
                    fmt::format("'{}' is not expected here.", first.text),
                    "put double quotes around it if it is a column.");
    }
    if (after(1).is_symbol("(")) return call(lower);
    return column();
  }

  node_ptr column() {
    auto const first = here();
    auto made = make(node_kind::column, first.where);
    if (!made) return nullptr;
    made->name = first.text;
    made->is_quoted = first.kind == token_kind::quoted_name;
    advance();
    if (here().is_symbol(".")) {
      return refuse(
          here().where, "a column has no table in front of it.", "name the column alone.");
    }
    return made;
  }

  node_ptr typed_literal(std::string const& type) {
    auto const first = here();
    auto const known = type_before_text(type);
    if (!known) {
      return refuse(first.where,
                    fmt::format("'{}' is not a type that a text can follow.", first.text));
    }
    advance();
    auto made = make(node_kind::cast, first.where);
    auto held = literal(value::of_text(here().text), here().where, true);
    if (!made || !held) return nullptr;
    advance();
    made->type = *known;
    made->children.push_back(std::move(held));
    return made;
  }

  node_ptr call(std::string const& name) {
    auto made = make(node_kind::call, here().where);
    if (!made) return nullptr;
    made->name = name;
    advance();
    advance();
    if (take_symbol(")")) return made;
    return arguments(std::move(made));
  }

  // Up to and with the closing parenthesis.
  node_ptr arguments(node_ptr made) {
    if (here().is_symbol(")")) return refuse(here().where, "a value is missing here.");
    do {
      auto argument = logical_or();
      if (!argument) return nullptr;
      made->children.push_back(std::move(argument));
    } while (take_symbol(","));
    if (!expect_symbol(")")) return nullptr;
    return made;
  }

  node_ptr case_of() {
    auto made = make(node_kind::case_of, here().where);
    advance();
    if (!made) return nullptr;
    auto const add = [&] {
      auto part = logical_or();
      if (part) made->children.push_back(std::move(part));
      return !fault;
    };
    made->has_operand = !here().is_word("when");
    if (made->has_operand && !add()) return nullptr;
    if (!here().is_word("when")) return refuse(here().where, "WHEN is expected here.");
    while (take_word("when")) {
      if (!add() || !expect_word("then", "THEN") || !add()) return nullptr;
    }
    made->has_otherwise = take_word("else");
    if (made->has_otherwise && !add()) return nullptr;
    if (!expect_word("end", "END")) return nullptr;
    return made;
  }

  node_ptr cast() {
    auto made = make(node_kind::cast, here().where);
    advance();
    if (!made || !expect_symbol("(")) return nullptr;
    auto operand = logical_or();
    if (!operand || !expect_word("as", "AS")) return nullptr;
    made->children.push_back(std::move(operand));
    if (!cast_type(*made) || !expect_symbol(")")) return nullptr;
    return made;
  }

  bool cast_type(node& into) {
    auto const found =
        here().kind == token_kind::name ? type_after_as(lower_ascii(here().text)) : std::nullopt;
    if (!found) {
      refuse(here().where,
             fmt::format("'{}' is not a type.", here().text),
             which_type_is_meant(lower_ascii(here().text)));
      return false;
    }
    into.type = *found;
    advance();
    bool const is_decimal = into.type == value_type::decimal;
    if (is_decimal && take_symbol("(")) {
      auto const where = here().where;
      if (!size(into.precision) || (take_symbol(",") && !size(into.scale))) return false;
      if (into.precision == 0 || into.scale > into.precision || into.precision > 1000) {
        refuse(where, "a decimal has 1 to 1000 digits, and not more of them behind the point.");
        return false;
      }
      return expect_symbol(")");
    }
    return true;
  }

  bool size(std::uint32_t& into) {
    auto const& text = here().text;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
    bool const ok = here().kind == token_kind::number && problem == std::errc{} &&
                    end == text.data() + text.size();
    if (!ok) refuse(here().where, "a whole number is expected here.");
    advance();
    return ok;
  }

  int depth_ = 0;
};

}  // namespace

parsed_expression parse_expression(std::string_view text) {
  return parser(text).run();
}

}  // namespace dualwrite::engine
