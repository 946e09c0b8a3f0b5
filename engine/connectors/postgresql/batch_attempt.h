// One try at writing a batch: what became of its first writes, and which write changes which row.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/connectors/postgresql/row_set.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// By place among the writes of a batch.
using results_by_place = std::map<std::size_t, write_result>;

struct batch_attempt {
  batch_attempt(write_list const& of, results_by_place& known) : writes(of), refused(known) {}

  write_list const& writes;
  results_by_place& refused;  // known from tries before: they are not tried again
  std::vector<write_result> results{};
  results_by_place ahead{};  // that were written before their turn
  bool is_over = false;      // all of it has to be written again

  std::size_t next() const { return results.size(); }
  // Of one of the writes.
  std::size_t place_of(target_write const& one) const;
  // What is known of one without writing it, of those that stand behind none of the others that
  // have no results yet.
  std::optional<write_result> known(std::size_t at) const;
  void keep(write_result one);
  // Those that were have their results.
  std::vector<set_row*> not_written_ahead(row_set::rows rows) const;
  // The writes, in their order, that change the row that has this key in the target when the batch
  // begins.
  std::vector<std::size_t> const& writes_of(referenced_row const& row);

  // Whether rows of the batch that are not written yet may give away what it wants, or bring what
  // it refers to; of the table itself, for earlier ones of other tables are written.
  bool may_pass_in_its_turn(write_result const& one);

 private:
  std::unordered_map<std::string, std::vector<std::size_t>> by_row_{};  // once it was asked for
};

}  // namespace dualwrite::engine::postgresql
