#include "engine/connectors/memory/memory_chunks.h"

#include <map>
#include <optional>
#include <utility>

#include "engine/connectors/memory/memory_rules.h"

namespace dualwrite::engine {
namespace {

// What a key is put in order by.
template <class Request>
row_values sorting(row_values key, Request const& request) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    bool const is_number = key[i].type() == value_type::int64;
    if (is_number && request.by_text.contains(request.key[i]))
      key[i] = value::of_text(std::to_string(key[i].as_int64()));
  }
  return key;
}

template <class Request>
std::map<row_values, row_values const*> in_order(memory_table const& table,
                                                 Request const& request) {
  std::map<row_values, row_values const*> out;
  for (auto const& [own_key, row] : table.rows) {
    auto key = pick(row, request.key);
    if (!has_null(key)) out[sorting(std::move(key), request)] = &row;
  }
  return out;
}

}  // namespace

chunk chunk_of(memory_table const& table, chunk_request const& request) {
  auto const bound = [&](std::optional<row_values> const& key) {
    return key ? std::optional(sorting(*key, request)) : std::nullopt;
  };
  auto const after = bound(request.after);
  auto const until = bound(request.until);
  auto const only = bound(request.only);
  chunk out;
  out.form = fingerprint(table.schema);
  for (auto const& [key, row] : in_order(table, request)) {
    bool const is_outside = (after && key <= *after) || (until && *until < key);
    if (only ? key != *only : is_outside) continue;
    out.rows.push_back(*row);
    if (out.rows.size() == request.limit) break;
  }
  // As a database tells it, which does not look for one row more.
  out.last = out.rows.size() < request.limit;
  return out;
}

std::vector<row_values> split_keys(memory_table const& table, split_request const& wish) {
  auto const rows = in_order(table, wish);
  std::vector<row_values> out;
  std::size_t place = 0;
  for (auto const& [key, row] : rows) {
    if (++place * wish.parts / (rows.size() + 1) > out.size()) out.push_back(pick(*row, wish.key));
  }
  return out;
}

}  // namespace dualwrite::engine
