#include "engine/mapping/expression_sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace dualwrite::engine {
namespace {

std::string_view suffix_of(value_type type) {
  if (type == value_type::decimal) return "_d";
  return type == value_type::float64 ? "_f" : "_n";
}

std::string_view word_of(binary_operator op) {
  switch (op) {
    case binary_operator::add:
      return "add";
    case binary_operator::subtract:
      return "subtract";
    case binary_operator::multiply:
      return "multiply";
    case binary_operator::divide:
      return "divide";
    default:
      return "modulo";
  }
}

// SQLite has its own meaning for these types that is ours: whole numbers, floats, texts and bytes
// by their bytes.
bool compares_natively(value_type type) {
  return type != value_type::decimal;
}

class writer {
 public:
  sandbox_query run(node const& tree) {
    query_.sql = "SELECT " + write(tree);
    return std::move(query_);
  }

 private:
  std::string write(node const& one) {
    switch (one.kind) {
      case node_kind::literal:
        return literal(one.held);
      case node_kind::column:
        return column(one.index);
      case node_kind::negative:
        return call(fmt::format("dw_negative{}", suffix_of(one.type)), one);
      case node_kind::logical_not:
        return fmt::format("(NOT {})", write(*one.children[0]));
      case node_kind::binary:
        return binary(one);
      case node_kind::is_null:
        return fmt::format("({} IS {}NULL)", write(*one.children[0]), one.negated ? "NOT " : "");
      case node_kind::between:
        return between(one);
      case node_kind::in_list:
        return in_list(one);
      case node_kind::like:
        return negated(one, call("dw_like", one));
      case node_kind::case_of:
        return case_of(one);
      case node_kind::call:
        return function(one);
      case node_kind::cast:
        return cast(one);
    }
    return "NULL";
  }

  std::string literal(value const& held) {
    query_.literals.emplace_back(++parameters_, held);
    return fmt::format("?{}", parameters_);
  }
  std::string column(std::size_t index) {
    auto const known = std::find_if(query_.columns.begin(),
                                    query_.columns.end(),
                                    [index](auto const& one) { return one.second == index; });
    if (known != query_.columns.end()) return fmt::format("?{}", known->first);
    query_.columns.emplace_back(++parameters_, index);
    return fmt::format("?{}", parameters_);
  }

  std::string list(node const& one, std::size_t first = 0) {
    std::string made;
    for (auto at = first; at < one.children.size(); ++at) {
      if (at > first) made += ", ";
      made += write(*one.children[at]);
    }
    return made;
  }
  std::string call(std::string_view name, node const& one) {
    return fmt::format("{}({})", name, list(one));
  }
  std::string negated(node const& one, std::string made) {
    return one.negated ? fmt::format("(NOT {})", made) : made;
  }
  // Equal values become equal in SQLite as well.
  std::string comparable(node const& one) {
    auto made = write(one);
    return one.type == value_type::decimal ? fmt::format("dw_plain_d({})", made) : made;
  }

  // a + b + c is one call of three, for SQLite's parser bears few levels. The order of the operands
  // stays.
  std::string chain(node const& one, std::string_view between_operands) {
    auto const& left = *one.children[0];
    bool const goes_on =
        left.kind == node_kind::binary && left.op == one.op && left.type == one.type;
    auto made = goes_on ? chain(left, between_operands) : write(left);
    made += between_operands;
    return made + write(*one.children[1]);
  }

  std::string binary(node const& one) {
    switch (one.op) {
      case binary_operator::logical_and:
        return fmt::format("({})", chain(one, " AND "));
      case binary_operator::logical_or:
        return fmt::format("({})", chain(one, " OR "));
      case binary_operator::concatenate:
        return fmt::format("({})", chain(one, " || "));
      default:
        break;
    }
    if (!is_comparison(one.op)) {
      return fmt::format("dw_{}{}({})", word_of(one.op), suffix_of(one.type), chain(one, ", "));
    }
    auto const& left = *one.children[0];
    auto const& right = *one.children[1];
    if (compares_natively(left.type) && compares_natively(right.type)) {
      return fmt::format("({} {} {})", write(left), symbol_of(one.op), write(right));
    }
    return fmt::format("({} {} 0)", call("dw_compare_d", one), symbol_of(one.op));
  }

  bool any_decimal(node const& one) {
    return std::any_of(one.children.begin(), one.children.end(), [](node_ptr const& child) {
      return child->type == value_type::decimal;
    });
  }

  std::string between(node const& one) {
    if (any_decimal(one)) return negated(one, call("dw_between_d", one));
    return fmt::format("({} {}BETWEEN {} AND {})",
                       write(*one.children[0]),
                       one.negated ? "NOT " : "",
                       write(*one.children[1]),
                       write(*one.children[2]));
  }

  std::string in_list(node const& one) {
    auto made = fmt::format("({} {}IN (", comparable(*one.children[0]), one.negated ? "NOT " : "");
    for (std::size_t at = 1; at < one.children.size(); ++at) {
      if (at > 1) made += ", ";
      made += comparable(*one.children[at]);
    }
    return made + "))";
  }

  std::string case_of(node const& one) {
    std::string made = "CASE";
    std::size_t at = 0;
    if (one.has_operand) made += " " + comparable(*one.children[at++]);
    auto const pairs_end = one.children.size() - (one.has_otherwise ? 1 : 0);
    for (; at < pairs_end; at += 2) {
      auto const& when = *one.children[at];
      made += " WHEN " + (one.has_operand ? comparable(when) : write(when));
      made += " THEN " + write(*one.children[at + 1]);
    }
    if (one.has_otherwise) made += " ELSE " + write(*one.children.back());
    return made + " END";
  }

  std::string cast(node const& one) {
    auto const& operand = *one.children[0];
    return fmt::format("dw_cast({}, {}, {}, {}, {})",
                       write(operand),
                       static_cast<int>(operand.type),
                       static_cast<int>(one.type),
                       one.precision,
                       one.scale);
  }

  std::string function(node const& one) {
    auto const& first = *one.children[0];
    auto const& name = one.name;
    bool const decimals = one.type == value_type::decimal;
    if (name == "coalesce") return call(name, one);
    if (name == "min" || name == "max")
      return call(decimals ? fmt::format("dw_{}_d", name) : name, one);
    if (name == "nullif") return call(any_decimal(one) ? "dw_nullif_d" : "nullif", one);
    if (name == "iif") {
      return fmt::format("CASE WHEN {} THEN {} ELSE {} END",
                         write(first),
                         write(*one.children[1]),
                         write(*one.children[2]));
    }
    // Both count microseconds; only what they count from has another name.
    if (name == "at_utc") return write(first);
    if (name == "year" || name == "month" || name == "day") {
      return fmt::format("dw_{}({}, {})", name, write(first), static_cast<int>(first.type));
    }
    if (name == "length")
      return call(first.type == value_type::bytes ? "dw_size" : "dw_length", one);
    if (name == "abs" || name == "div" || name == "round") {
      return call(fmt::format("dw_{}{}", name, suffix_of(one.type)), one);
    }
    return call("dw_" + name, one);
  }

  sandbox_query query_;
  int parameters_ = 0;
};

}  // namespace

sandbox_query to_sql(node const& tree) {
  return writer().run(tree);
}

}  // namespace dualwrite::engine
