#include "engine/connectors/postgresql/captured_history.h"

#include "engine/connectors/postgresql/pgoutput.h"

namespace dualwrite::engine::postgresql {

result<std::optional<quiet_part>> find_quiet(connection& on, std::string const& slot) {
  DW_TRY(auto const rows,
         on.query("SELECT captured, reached FROM dualwrite.quiet WHERE slot = $1", {slot}));
  if (rows.count() == 0) return std::optional<quiet_part>{};
  return std::optional(quiet_part{static_cast<std::uint64_t>(rows.integer(0, 0)),
                                  static_cast<std::uint64_t>(rows.integer(0, 1))});
}

result<void> put_quiet(connection& on, std::string const& slot, quiet_part const& what) {
  DW_TRY(auto all, transaction::begin(on));
  DW_CHECK(on.execute("SET LOCAL synchronous_commit = on"));
  DW_TRY(auto const put,
         on.query("INSERT INTO dualwrite.quiet VALUES($1, $2, $3) ON CONFLICT(slot) DO UPDATE SET "
                  "captured = excluded.captured, reached = excluded.reached",
                  {slot, std::to_string(what.begin), std::to_string(what.end)}));
  return all.commit();
}

void captured_history::begin(std::uint64_t captured, std::uint64_t given_from) {
  captured_ = captured;
  is_proven_ = given_from >= captured;
  is_inside_ = false;
}

result<bool> captured_history::has(std::string_view message) {
  if (auto const commit = pgoutput_reader::begun_commit(message)) {
    is_proven_ = is_proven_ || commit == captured_;
    DW_CHECK(reach(commit));
    is_inside_ = commit <= captured_;
  }
  return is_inside_;
}

result<void> captured_history::reach(std::uint64_t place) const {
  if (is_proven_ || place < captured_) return {};
  return error{error_code::source_rewound,
               "the server was set back: what was captured from it last is not in its log"};
}

}  // namespace dualwrite::engine::postgresql
