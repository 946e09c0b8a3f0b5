// Captures one side of a link: reads committed transactions, leaves out what is only our own writes
// coming back, and appends the rest; only then is the source told that it may forget them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/link_context.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Guarantees: an accepted record is durable before the source is acknowledged; a transaction is
// captured whole, in order, once.
// Errors: run() ends with an error only where the engine must stop; a source that lost what was
// captured from it stops its maps.
// Threads: the engine strand.
class capture_runner {
 public:
  // `back` writes to the app that is captured here.
  capture_runner(link_context& context, side of, target_session& back);
  ~capture_runner();
  [[nodiscard]] async<void> run();

 private:
  struct wanted_table {
    std::vector<map_id> maps;
    std::set<std::size_t> read;
    schema_id schema;
    std::vector<std::size_t> key;
  };
  using wanted = std::map<std::string, wanted_table>;

  [[nodiscard]] wanted wanted_tables() const;
  void add_misfit(map_id map, projections::map_row const& row, wanted& to) const;
  bool is_current() const;
  bool is_captured(map_id map) const;
  [[nodiscard]] async<void> start();
  [[nodiscard]] async<void> step();
  bool is_ours(captured_transaction const& transaction) const;
  bool is_before_its_outcome(captured_transaction const& transaction) const;
  bool was_taken_back(captured_transaction const& transaction) const;
  projections::lane_row const* lane_of(batch_mark const& mark) const;
  [[nodiscard]] result<void> append_transaction(captured_transaction const& transaction,
                                                drafts& events);
  void append_rows(captured_transaction const& transaction,
                   std::vector<std::pair<captured_row const*, sequence>> const& rows,
                   drafts& events);
  [[nodiscard]] result<std::vector<std::pair<captured_row const*, sequence>>> without_echoes(
      captured_transaction const& transaction, batch_id batch, std::uint32_t& echoed);
  row_values key_of(std::string const& table, row_values const& row) const;
  [[nodiscard]] async<void> lost_source(error why);
  [[nodiscard]] async<void> rest(error why);

  link_context& context_;
  side side_;
  target_session& back_;
  bell wake_;
  wanted tables_;
  bool started_ = false;
  std::uint32_t failures_ = 0;
};

}  // namespace dualwrite::engine
