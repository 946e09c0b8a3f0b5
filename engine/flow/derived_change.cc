#include "engine/flow/derived_change.h"

#include <algorithm>
#include <utility>

#include "engine/mapping/json_text.h"
#include "events/assert.h"
#include "events/row_image.h"

namespace dualwrite::engine {

void derived_changes::add(std::string row_name, captured_row row, sequence cause) {
  auto const number = ++count_;
  all_.emplace(number, one{std::move(row), cause});
  names_.emplace(std::move(row_name), number);
}

std::set<std::size_t> derived_changes::drop(std::string const& row_name) {
  std::set<std::size_t> said;
  auto const [first, last] = names_.equal_range(row_name);
  for (auto at = first; at != last; ++at) {
    auto const& row = all_.at(at->second).row;
    auto const before =
        row.before.empty() ? result<row_values>(row_values{}) : decode_row(row.before);
    auto const after = row.after.empty() ? result<row_values>(row_values{}) : decode_row(row.after);
    DW_ASSERT(before && after);
    for (std::size_t column = 0; column < after->size(); ++column) {
      bool const was_known = column < before->size() && !(*before)[column].is_unchanged();
      bool const is_kept = was_known && is_same_document((*before)[column], (*after)[column]);
      if (!is_kept && !(*after)[column].is_unchanged()) said.insert(column);
    }
    all_.erase(at->second);
  }
  names_.erase(first, last);
  return said;
}

captured_row part_written(captured_row const& change,
                          row_values const& before,
                          row_values const& after,
                          std::vector<std::size_t> const& columns,
                          std::vector<std::size_t> const& key) {
  captured_row out = change;
  if (change.op == operation::remove) return out;
  row_values part(after.size(), value::unchanged());
  for (auto const* some : {&columns, &key}) {
    for (auto const column : *some) {
      if (column < part.size()) part[column] = after[column];
    }
  }
  out.op = operation::update;
  out.after = encode_row(part);
  forget_before(out, before, {key.begin(), key.end()});
  return out;
}

void forget_before(captured_row& change,
                   row_values const& before,
                   std::set<std::size_t> const& key) {
  row_values was(before.size(), value::unchanged());
  for (auto const column : key) {
    if (column < was.size()) was[column] = before[column];
  }
  change.before = before.empty() ? std::string{} : encode_row(was);
}

std::string name_of_row(std::string const& table,
                        std::vector<std::size_t> const& key,
                        row_values const& row) {
  row_values values;
  for (auto const column : key) {
    if (column < row.size()) values.push_back(row[column]);
  }
  return table + '\0' + encode_row(values);
}

bool take_what_rules_changed(captured_row& change,
                             row_values before,
                             row_values const& after,
                             key_ledger::written_row written,
                             std::set<std::size_t> const& again,
                             wanted_table const& table) {
  auto& [was, wrote] = written;
  bool is_any = false;
  // It is of after the first of them.
  for (auto const column : again) {
    if (column < before.size()) before[column] = value::unchanged();
  }
  for (std::size_t column = 0; column < after.size(); ++column) {
    if (std::find(table.key.begin(), table.key.end(), column) != table.key.end())
      was[column] = after[column];
    // What we left alone was before as the app says, if it does.
    if (!wrote[column] && column < before.size()) was[column] = before[column];
    bool const is_kept =
        after[column].is_unchanged() || is_same_document(was[column], after[column]);
    is_any = is_any || (!is_kept && (table.reads_all || table.read.contains(column)));
  }
  change.op = operation::update;
  change.before = encode_row(was);
  return is_any;
}

bool take_what_was_added(captured_row& change,
                         row_values const& before,
                         row_values const& after,
                         std::vector<std::size_t> const& written,
                         std::set<std::size_t> const& again,
                         wanted_table const& table) {
  key_ledger::written_row was{after, std::vector<bool>(after.size(), true)};
  for (auto const column : table.read) {
    bool const is_written = std::find(written.begin(), written.end(), column) != written.end();
    if (is_written || column >= after.size()) continue;
    bool const is_known = column < before.size() && !before[column].is_unchanged();
    if (!is_known && !again.contains(column) && !table.only_read.contains(column)) continue;
    // A row that was not there had nothing.
    bool const was_absent = change.op == operation::insert && !again.contains(column);
    was.wrote[column] = false;
    was.values[column] = was_absent ? value::null() : value::unchanged();
  }
  return take_what_rules_changed(change, before, after, std::move(was), again, table);
}

}  // namespace dualwrite::engine
