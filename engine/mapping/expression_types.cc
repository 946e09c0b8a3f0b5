#include "engine/mapping/expression_types.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/conversion.h"
#include "engine/mapping/expression_functions.h"
#include "engine/mapping/expression_lexer.h"
#include "engine/mapping/near_name.h"
#include "engine/mapping/type_unifier.h"

namespace dualwrite::engine {
namespace {

using type = value_type;

class checker : public type_unifier {
 public:
  using type_unifier::type_unifier;

  bool check(node_ptr& one) {
    // Children first; the cast of a column to a decimal has none left to check.
    for (auto& child : one->children) {
      if (!check(child)) return false;
    }
    switch (one->kind) {
      case node_kind::literal:
        return true;
      case node_kind::column:
        return check_column(*one);
      case node_kind::negative:
        return check_negative(*one);
      case node_kind::logical_not:
        one->type = type::boolean;
        return needs_boolean(one->children[0], "NOT");
      case node_kind::binary:
        return check_binary(*one);
      case node_kind::is_null:
        one->type = type::boolean;
        return true;
      case node_kind::between:
        return check_group(*one, "BETWEEN", true);
      case node_kind::in_list:
        return check_group(*one, "IN", false);
      case node_kind::like:
        return check_like(*one);
      case node_kind::case_of:
        return check_case(*one);
      case node_kind::call:
        return check_call(*one);
      case node_kind::cast:
        return check_cast(one);
    }
    return false;
  }

 private:
  bool check_column(node& one) {
    std::vector<std::string_view> names;
    std::vector<std::size_t> alike;
    for (std::size_t at = 0; at < columns_.size(); ++at) {
      names.push_back(columns_[at].name);
      if (columns_[at].name == one.name) return found(one, at);
      if (lower_ascii(columns_[at].name) == lower_ascii(one.name)) alike.push_back(at);
    }
    if (!one.is_quoted && alike.size() == 1) return found(one, alike[0]);
    auto const near = near_name(one.name, names);
    return refuse(one.where,
                  fmt::format("there is no column '{}'.", one.name),
                  near.empty() ? "" : fmt::format("write {}.", near));
  }
  bool found(node& one, std::size_t at) {
    one.index = at;
    one.type = columns_[at].type;
    return true;
  }

  bool check_negative(node& one) {
    auto const& operand = *one.children[0];
    one.type = operand.type;
    if (is_number(operand.type) || operand.type == type::null) return true;
    return refuse(
        operand.where,
        fmt::format("a sign needs a number; {} is {}.", shown(operand), name_of(operand.type)));
  }

  bool check_binary(node& one) {
    auto& left = one.children[0];
    auto& right = one.children[1];
    auto const symbol = symbol_of(one.op);
    if (one.op == binary_operator::logical_and || one.op == binary_operator::logical_or) {
      one.type = type::boolean;
      return needs_boolean(left, symbol) && needs_boolean(right, symbol);
    }
    if (one.op == binary_operator::concatenate) {
      one.type = type::text;
      return needs(left, type::text, symbol) && needs(right, type::text, symbol);
    }
    if (is_comparison(one.op)) {
      bool const ordered = one.op != binary_operator::equal && one.op != binary_operator::not_equal;
      one.type = type::boolean;
      auto const both = unify({&left, &right}, fmt::format("'{}' compares like with like", symbol));
      return both && comparable(one.where, *both, ordered);
    }
    return check_arithmetic(one);
  }

  bool check_arithmetic(node& one) {
    auto const symbol = symbol_of(one.op);
    for (auto const& operand : one.children) {
      if (is_number(operand->type) || operand->type == type::null) continue;
      return refuse(
          operand->where,
          fmt::format(
              "'{}' needs numbers; {} is {}.", symbol, shown(*operand), name_of(operand->type)),
          operand->type == type::text ? "join texts by ||, or cast(... as decimal)." : "");
    }
    auto const both = unify({&one.children[0], &one.children[1]},
                            fmt::format("'{}' has no exact result", symbol));
    if (!both) return false;
    one.type = *both;
    if (one.op == binary_operator::divide && *both != type::float64 && *both != type::null) {
      return refuse(one.where,
                    fmt::format("'/' on {} has no exact result.", name_of(*both)),
                    "write div(a, b) for whole numbers, or div(a, b, places), which rounds half "
                    "away from zero.");
    }
    if (one.op == binary_operator::modulo && *both == type::float64) {
      return refuse(one.where, "'%' on float64 has no exact result.", "cast(... as decimal).");
    }
    return true;
  }

  bool comparable(text_place where, type one, bool ordered) {
    if (ordered ? has_order(one) : has_equality(one)) return true;
    bool const labels = one == type::enumeration;
    return refuse(
        where,
        fmt::format("{} values have no {}.", name_of(one), ordered ? "order" : "comparison"),
        labels ? "the order of labels is the app's own: use = or IN."
               : "only IS NULL can be asked of them.");
  }

  // BETWEEN and IN: all parts of one type.
  bool check_group(node& one, std::string_view word, bool ordered) {
    std::vector<node_ptr*> parts;
    for (auto& child : one.children) parts.push_back(&child);
    one.type = type::boolean;
    auto const all = unify(parts, fmt::format("{} compares like with like", word));
    return all && comparable(one.where, *all, ordered);
  }

  bool check_like(node& one) {
    one.type = type::boolean;
    for (auto& child : one.children) {
      if (!needs(child, type::text, "LIKE")) return false;
    }
    if (one.children.size() < 3) return true;
    auto const& escape = *one.children[2];
    bool const is_one = escape.kind == node_kind::literal && escape.type == type::text &&
                        count_characters(escape.held.as_string()) == 1;
    return is_one || refuse(escape.where, "ESCAPE needs one character.");
  }

  bool check_case(node& one) {
    std::vector<node_ptr*> conditions;
    std::vector<node_ptr*> results;
    std::size_t at = 0;
    if (one.has_operand) conditions.push_back(&one.children[at++]);
    auto const pairs_end = one.children.size() - (one.has_otherwise ? 1 : 0);
    for (; at < pairs_end; at += 2) {
      conditions.push_back(&one.children[at]);
      results.push_back(&one.children[at + 1]);
    }
    if (one.has_otherwise) results.push_back(&one.children.back());
    if (one.has_operand) {
      auto const all = unify(conditions, "CASE compares like with like");
      if (!all || !comparable(one.where, *all, false)) return false;
    } else {
      for (auto* condition : conditions) {
        if (!needs_boolean(*condition, "WHEN")) return false;
      }
    }
    auto const all = unify(results, "the results of CASE are of one type");
    if (all) one.type = *all;
    return all.has_value();
  }

  bool check_cast(node_ptr& one) {
    auto& operand = *one->children[0];
    if (!is_castable(operand.type, one->type)) {
      return refuse(one->where,
                    fmt::format("{} is {}, which cannot become {}.",
                                shown(operand),
                                name_of(operand.type),
                                name_of(one->type)));
    }
    if (operand.kind != node_kind::literal) return true;
    column_schema to;
    to.type = one->type;
    to.precision = one->precision;
    to.scale = one->scale;
    auto made = cast_value(operand.held, to);
    if (!made) return refuse(operand.where, made.error().detail);
    auto folded = std::make_unique<node>();
    folded->where = one->where;
    folded->type = one->type;
    folded->held = std::move(*made);
    one = std::move(folded);
    return true;
  }

  bool check_call(node& one) {
    auto const* rule =
        find_function(one.name == "substring" ? "substr" : std::string_view(one.name));
    if (rule == nullptr) {
      std::vector<std::string_view> names;
      for (auto const& known : all_functions()) names.push_back(known.name);
      auto const near = near_name(one.name, names);
      return refuse(one.where,
                    fmt::format("there is no function '{}'.", one.name),
                    near.empty() ? "" : fmt::format("write {}.", near));
    }
    one.name = rule->name;
    auto const count = one.children.size();
    if (count < rule->least || count > rule->most) {
      auto const wanted = rule->least == rule->most
                              ? fmt::format("{}", rule->least)
                              : fmt::format("{} to {}", rule->least, rule->most);
      return refuse(one.where,
                    fmt::format("{} takes {} values, not {}.", rule->name, wanted, count));
    }
    one.type = rule->result;
    return check_shape(one, *rule);
  }

  bool check_shape(node& one, function_rule const& rule) {
    auto& arguments = one.children;
    switch (rule.shape) {
      case function_shape::fixed:
        return check_fixed(one, rule);
      case function_shape::same:
        return unify_call(one, 0, nullptr);
      case function_shape::ordered:
        return unify_call(one, 0, &has_order);
      case function_shape::equal:
        return unify_call(one, 0, &has_equality);
      case function_shape::choice:
        return needs_boolean(arguments[0], rule.name) && unify_call(one, 1, nullptr);
      case function_shape::size:
        return one_of(one, {type::text, type::bytes});
      case function_shape::day_part:
        return one_of(one, {type::date, type::timestamp, type::timestamp_tz});
      case function_shape::number:
        one.type = arguments[0]->type;
        return one_of(one, {type::int64, type::decimal, type::float64});
      case function_shape::zone:
        one.type = arguments[0]->type == type::timestamp ? type::timestamp_tz : type::timestamp;
        return one_of(one, {type::timestamp, type::timestamp_tz});
      case function_shape::rounding:
        one.type = type::decimal;
        return needs(arguments[0], type::decimal, rule.name) &&
               (arguments.size() < 2 || needs(arguments[1], type::int64, rule.name));
      case function_shape::quotient:
        return check_quotient(one);
    }
    return false;
  }

  bool check_fixed(node& one, function_rule const& rule) {
    for (std::size_t at = 0; at < one.children.size(); ++at) {
      bool const repeats = rule.arguments.ends_with('*');
      auto const letter = rule.arguments[repeats ? 0 : at];
      if (!needs(one.children[at], letter == 'n' ? type::int64 : type::text, rule.name))
        return false;
    }
    return true;
  }

  bool unify_call(node& one, std::size_t first, bool (*suits)(type)) {
    std::vector<node_ptr*> parts;
    for (auto at = first; at < one.children.size(); ++at) parts.push_back(&one.children[at]);
    auto const all = unify(parts, fmt::format("the values of {} are of one type", one.name));
    if (!all) return false;
    one.type = *all;
    return suits == nullptr || suits(*all) ||
           refuse(one.where,
                  fmt::format("{} values have no place in {}.", name_of(*all), one.name));
  }

  bool one_of(node& one, std::initializer_list<type> types) {
    auto const& operand = *one.children[0];
    if (operand.type == type::null ||
        std::find(types.begin(), types.end(), operand.type) != types.end())
      return true;
    std::vector<std::string_view> names;
    for (auto const wanted : types) names.push_back(name_of(wanted));
    return refuse(operand.where,
                  fmt::format("{} takes {}; {} is {}.",
                              one.name,
                              fmt::join(names, " or "),
                              shown(operand),
                              name_of(operand.type)));
  }

  bool check_quotient(node& one) {
    one.type = one.children.size() == 2 ? type::int64 : type::decimal;
    return needs(one.children[0], one.type, "div") && needs(one.children[1], one.type, "div") &&
           (one.children.size() == 2 || needs(one.children[2], type::int64, "div"));
  }
};

}  // namespace

std::optional<expression_fault> check_types(node_ptr& tree,
                                            std::span<column_schema const> columns) {
  checker made(columns);
  if (made.check(tree)) return std::nullopt;
  return std::move(made.fault);
}

bool is_castable(value_type from, value_type to) {
  if (from == type::null || from == to) return true;
  bool const numbers = is_number(from) && is_number(to);
  if (numbers || (from == type::timestamp && to == type::date)) return true;
  column_schema source;
  column_schema target;
  source.type = from;
  target.type = to;
  auto const how = fit_between(source, target);
  return how == fit::always || how == fit::checked;
}

result<value> cast_value(value const& what, column_schema const& to) {
  if (what.type() == type::float64 && (to.type == type::decimal || to.type == type::int64)) {
    DW_TRY(auto number, decimal::parse(print_float64(what.as_float64())));
    return convert(value::of_decimal(std::move(number)), to);
  }
  if (what.type() == type::decimal && to.type == type::float64) {
    DW_TRY(auto const near, parse_float64(what.as_decimal().to_string()));
    return value::of_float64(near);
  }
  if (what.type() == type::int64 && to.type == type::float64) {
    return value::of_float64(static_cast<double>(what.as_int64()));
  }
  if (what.type() == type::timestamp && to.type == type::date) {
    auto const us = what.as_us();
    if (us == time_infinity || us == time_minus_infinity) return value::of_date(us);
    return value::of_date(us / day_us - (us % day_us < 0 ? 1 : 0));
  }
  return convert(what, to);
}

}  // namespace dualwrite::engine
