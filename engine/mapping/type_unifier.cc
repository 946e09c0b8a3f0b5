#include "engine/mapping/type_unifier.h"

#include <fmt/format.h>

#include "engine/mapping/expression_types.h"

namespace dualwrite::engine {
namespace {

using type = value_type;

bool is_clock(type one) {
  return one == type::date || one == type::time || one == type::timestamp ||
         one == type::timestamp_tz;
}
// What a quoted literal can stand for besides a text.
bool is_written_as_text(type one) {
  return is_clock(one) || one == type::uuid || one == type::enumeration || one == type::interval;
}

// How to make two types meet, where there is a usual way.
std::string way_out(node const& a, node const& b) {
  auto const is_pair = [&](auto first, auto second) {
    return (first(a) && second(b)) || (first(b) && second(a));
  };
  auto const of = [](type one) { return [one](node const& n) { return n.type == one; }; };
  auto const numeric = [](node const& n) { return is_number(n.type); };
  auto const text_literal = [](node const& n) { return n.is_free && n.type == type::text; };
  if (is_pair(text_literal, numeric)) return "write the number without quotes.";
  if (is_pair(of(type::text), numeric))
    return "say what is meant: cast(... as decimal) or cast(... as text).";
  if (is_pair(of(type::float64), numeric)) {
    return "say what is meant: cast(... as decimal) or cast(... as float64).";
  }
  if (is_pair(of(type::boolean), numeric))
    return "a boolean is true or false: write it alone, or with NOT.";
  if (is_pair(of(type::timestamp), of(type::timestamp_tz)))
    return "give the clock a zone: at_utc(...).";
  if (is_pair(of(type::date), of(type::timestamp)))
    return "say what is meant: cast(... as date) or cast(... as timestamp).";
  if (is_pair(of(type::text), of(type::enumeration)))
    return "compare the label: cast(... as text).";
  return "cast one of them.";
}

}  // namespace

bool is_number(type one) {
  return one == type::int64 || one == type::decimal || one == type::float64;
}

bool has_equality(type one) {
  return one != type::json && one != type::array && one != type::opaque && one != type::interval;
}

bool has_order(type one) {
  return has_equality(one) && one != type::enumeration;
}

std::string shown(node const& one) {
  if (one.kind == node_kind::column) return fmt::format("'{}'", one.name);
  if (one.kind == node_kind::literal && one.held.type() == type::text) {
    return fmt::format("'{}'", one.held.as_string());
  }
  if (one.kind == node_kind::literal) return to_string(one.held);
  if (one.kind == node_kind::call) return one.name + "(...)";
  return "the expression";
}

bool type_unifier::refuse(text_place where, std::string reason, std::string fix) {
  if (!fault) fault = expression_fault{where, std::move(reason), std::move(fix)};
  return false;
}

std::optional<type> type_unifier::unify(std::vector<node_ptr*> const& parts,
                                        std::string_view what) {
  node const* model = nullptr;
  for (auto* part : parts) {
    if ((*part)->is_free || (*part)->type == type::null) continue;
    if (!merge(model, **part, what)) return std::nullopt;
  }
  for (auto* part : parts) {
    auto const& one = **part;
    if (!one.is_free || one.type == type::null) continue;
    bool const adopts =
        model != nullptr && one.type == type::text && is_written_as_text(model->type);
    bool const joins_float =
        model != nullptr && model->type == type::float64 && is_number(one.type);
    if (!adopts && !joins_float && !merge(model, one, what)) return std::nullopt;
  }
  if (model == nullptr) return type::null;
  for (auto* part : parts) {
    if (!coerce(*part, *model)) return std::nullopt;
  }
  return model->type;
}

bool type_unifier::merge(node const*& model, node const& one, std::string_view what) {
  if (model == nullptr) {
    model = &one;
    return true;
  }
  if (model->type == one.type) return true;
  auto const is_exact = [](type t) { return t == type::int64 || t == type::decimal; };
  if (is_exact(model->type) && is_exact(one.type)) {
    if (one.type == type::decimal) model = &one;
    return true;
  }
  return refuse(one.where,
                fmt::format("{}: {} is {} and {} is {}.",
                            what,
                            shown(*model),
                            name_of(model->type),
                            shown(one),
                            name_of(one.type)),
                way_out(*model, one));
}

bool type_unifier::coerce(node_ptr& one, node const& model) {
  auto const to = model.type;
  if (one->type == to || one->type == type::null) return true;
  column_schema target;
  target.type = to;
  if (one->is_free) {
    if (model.kind == node_kind::column && to == type::enumeration) target = columns_[model.index];
    auto made = cast_value(one->held, target);
    if (!made) return refuse(one->where, made.error().detail);
    one->held = std::move(*made);
    one->type = to;
    return true;
  }
  cast_to_decimal(one);
  return true;
}

void type_unifier::cast_to_decimal(node_ptr& one) {
  auto above = std::make_unique<node>();
  above->kind = node_kind::cast;
  above->where = one->where;
  above->type = type::decimal;
  above->children.push_back(std::move(one));
  one = std::move(above);
}

bool type_unifier::needs(node_ptr& one, type wanted, std::string_view by) {
  if (one->type == wanted || one->type == type::null) return true;
  if (wanted == type::decimal && one->type == type::int64) {
    node model;
    model.type = type::decimal;
    return coerce(one, model);
  }
  return refuse(
      one->where,
      fmt::format("'{}' needs {}; {} is {}.", by, name_of(wanted), shown(*one), name_of(one->type)),
      is_castable(one->type, wanted) ? fmt::format("cast(... as {}).", name_of(wanted)) : "");
}

bool type_unifier::needs_boolean(node_ptr& one, std::string_view by) {
  if (one->type == type::boolean || one->type == type::null) return true;
  return refuse(
      one->where,
      fmt::format("{} needs true or false; {} is {}.", by, shown(*one), name_of(one->type)),
      "compare it with something.");
}

}  // namespace dualwrite::engine
