// An application under test, without anything of its own: tables as they are declared, people who
// work with it, and what is different from one connector to the next.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/source_app.h"
#include "engine/ports/target_app.h"

namespace dualwrite::contract {

// `column` refers to the key of another table, which has one column.
struct reference_declaration {
  std::size_t column = 0;
  std::string table;
  bool deferred = false;  // holds at the end of a transaction
};

struct forbidden_value {
  std::size_t column = 0;
  value what;
  std::string text;  // what the app says, where it can say something
};

struct table_declaration {
  table_schema schema;                // of a column: name, type, nullable
  std::vector<std::size_t> unique{};  // columns, each by itself
  std::vector<reference_declaration> references{};
  std::optional<forbidden_value> check{};    // by declaration
  std::optional<forbidden_value> trigger{};  // by code of the app's own, which says the text
  // By code of the app's own, each row that is inserted here is noted there: its key and 100 in the
  // first column, its key in the second. Both keys are int64.
  std::string noted_in{};
};

// What one of the app's own users does to a row.
struct user_change {
  std::string table;
  operation op = operation::insert;
  row_values key;  // of the row that is there; not of an insert
  row_values row;  // of all columns; not of a removal
};

enum class rule { unique, not_null, check, reference, trigger, group };

// Where connectors may differ. The suite skips what does not apply.
struct capabilities {
  // Two commits that are read together are two transactions.
  bool tells_transactions_apart = true;
  // Rows of other tables than open_capture() named are left out, and a table must be there.
  bool captures_named_tables_only = true;
  // Also where as much was written since the restore as was lost by it.
  bool knows_lost_positions_for_ever = true;
  bool has_deferred_references = true;
  bool keeps_nul_in_text = true;
  // Types of columns that it keeps exactly.
  std::vector<value_type> types = {value_type::boolean,
                                   value_type::int64,
                                   value_type::float64,
                                   value_type::decimal,
                                   value_type::text,
                                   value_type::bytes,
                                   value_type::date,
                                   value_type::time,
                                   value_type::timestamp,
                                   value_type::timestamp_tz,
                                   value_type::uuid,
                                   value_type::json};
};

// Lifetime: one test; it cleans up behind itself.
// Threads: one.
class connector_subject {
 public:
  virtual ~connector_subject() = default;

  virtual capabilities can() const { return {}; }
  // The code of a refusal, as the app has it.
  virtual std::string code_of(rule broken) const = 0;

  // Before anything else.
  virtual void make(std::vector<table_declaration> const& tables) = 0;
  // One transaction of a user. False where the app refused it; then nothing of it was done.
  virtual bool commit(std::vector<user_change> const& changes) = 0;
  // As a user sees them, in the order of the key; exact in columns of int64, text and bytes.
  virtual std::vector<row_values> rows(std::string const& table) = 0;

  // The app ends without warning, and is there again with all that was committed.
  virtual void restart() = 0;
  // The app is as it was when the copy was made.
  virtual void save_copy() = 0;
  virtual void restore_copy() = 0;

  // Until the next restart or restore.
  virtual engine::source_app& source() = 0;
  virtual engine::target_app& target() = 0;

  // Until no call is under way any more.
  virtual void run() {
    io.restart();
    io.run();
  }

  boost::asio::io_context io{1};
};

using subject_maker = std::unique_ptr<connector_subject> (*)();

}  // namespace dualwrite::contract
