// Unique values that rows of a batch take from each other.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/connectors/postgresql/batch_attempt.h"
#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/postgresql_schema.h"

namespace dualwrite::engine::postgresql {

// What a source that checks at the end of a statement or a transaction accepts, a target that
// checks each row refuses: a row takes a value whose holder gives it away further on in the batch.
// The holder is written first, and before it the one that has what it wants. Where that leads back
// to a row that is on its way, the constraint is deferred; where it cannot be, this row lets go of
// its value for the moment until it is written itself.
//
// Errors: those of connection that concern the whole batch.
// Lifetime: one refused write; all is borrowed.
class hand_over {
 public:
  // Behind a savepoint of its own; a refusal leaves no trace.
  using write_alone = std::function<result<write_result>(target_write const&)>;
  hand_over(connection& on, table_facts const& of, batch_attempt& batch, write_alone write)
      : on_(on), of_(of), batch_(batch), write_(std::move(write)) {}

  // The write at this place was just refused. What became of all that were written for it, itself
  // among them; none where that is no way to write it, and then all is as it was.
  [[nodiscard]] result<results_by_place> write(std::size_t at, write_result const& refused);

 private:
  struct unique_rule {
    std::string name;  // as statements take it
    std::vector<std::size_t> columns;
    bool can_wait = false;
  };
  // False: there is no way.
  [[nodiscard]] result<bool> write_all(write_result why);
  [[nodiscard]] result<bool> make_way(write_result const& refused);
  [[nodiscard]] std::optional<std::size_t> giver(referenced_row const& row);
  [[nodiscard]] result<bool> let_go(std::size_t at, std::string const& constraint);
  [[nodiscard]] result<bool> change(std::size_t at, std::size_t column, std::string const& to);
  [[nodiscard]] result<bool> check_deferred();
  [[nodiscard]] result<bool> is_captured() const;
  [[nodiscard]] result<unique_rule> rule_of(std::string const& constraint) const;
  // A value that no row has, where there is a way to make one.
  [[nodiscard]] std::string own_value(std::size_t column) const;
  // Where its row is now.
  row_values const& key_of(std::size_t at) const;

  connection& on_;
  table_facts const& of_;
  batch_attempt& batch_;
  write_alone write_;
  std::vector<std::size_t> under_way_{};  // each was refused for a row that stands behind it here
  results_by_place written_{};
  std::map<std::size_t, row_values> moved_{};  // rows that have another key for the moment
  std::set<std::string> deferred_{};
  std::map<std::pair<std::size_t, std::string>, int> tries_{};
};

}  // namespace dualwrite::engine::postgresql
