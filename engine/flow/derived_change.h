// What an app's own rules made of rows in a batch of ours.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/decide/key_ledger.h"
#include "engine/flow/wanted_tables.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine {

// Those of one transaction, held until all of it has come back: only how it leaves a row counts.
class derived_changes {
 public:
  struct one {
    captured_row row;
    sequence cause;  // the record whose write led to it
  };
  void add(std::string row_name, captured_row row, sequence cause);
  // The transaction then wrote the row once more. Gives the columns that they had said something
  // of.
  std::set<std::size_t> drop(std::string const& row_name);
  // In the order in which they were made.
  std::map<std::uint64_t, one> const& all() const { return all_; }

 private:
  std::map<std::uint64_t, one> all_;
  std::multimap<std::string, std::uint64_t> names_;
  std::uint64_t count_ = 0;  // with those that were dropped
};

// Of a captured change that is the echo of a write, what other maps of the table have to hear: the
// columns that were written, since of the others one of them may have a write under way.
[[nodiscard]] captured_row part_written(captured_row const& change,
                                        row_values const& before,
                                        row_values const& after,
                                        std::vector<std::size_t> const& columns,
                                        std::vector<std::size_t> const& key);

// An update that says nothing of its row before but the key.
void forget_before(captured_row& change,
                   row_values const& before,
                   std::set<std::size_t> const& key);

// Of a row by the columns of its table's key in the maps.
[[nodiscard]] std::string name_of_row(std::string const& table,
                                      std::vector<std::size_t> const& key,
                                      row_values const& row);

// Makes of the captured change the one that the rules made: from the row as we wrote it to the row
// as it is now. `before` and `after` as captured; `again` are columns that they had changed before
// in the same transaction. Returns whether they changed anything that is read.
[[nodiscard]] bool take_what_rules_changed(captured_row& change,
                                           row_values before,
                                           row_values const& after,
                                           key_ledger::written_row written,
                                           std::set<std::size_t> const& again,
                                           wanted_table const& table);

// The same of a change that is the echo of a write of these columns: what the rules, or defaults,
// made of columns that we never write, and of those that this write left alone as far as the source
// tells what they were.
[[nodiscard]] bool take_what_was_added(captured_row& change,
                                       row_values const& before,
                                       row_values const& after,
                                       std::vector<std::size_t> const& written,
                                       std::set<std::size_t> const& again,
                                       wanted_table const& table);

}  // namespace dualwrite::engine
