// Tables as the catalogue declares them.
#pragma once

#include "engine/connectors/postgresql/connection.h"
#include "events/table_schema.h"

namespace dualwrite::engine::postgresql {

struct foreign_key {
  std::string constraint;
  std::string table;                  // that is referred to, as it may be named to us
  std::string also_named;             // with its schema where that need not be said, else empty
  std::vector<std::size_t> columns;   // of the table that refers
  std::vector<std::string> referred;  // by name
};

// How many values of a column are given to one statement.
struct column_form {
  std::string type;        // the declared one, quoted, without its limits
  bool has_array = false;  // an array of it can be taken apart; else values come as texts
  bool is_ordered = true;  // the server sorts it as value::compare does
};

struct table_facts {
  table_schema schema;
  std::vector<column_form> forms;  // of the schema's columns
  std::uint64_t object = 0;        // the catalogue's own number of the table
  std::string sql_name;            // quoted, with its schema
  std::string own_name;            // without it, and not quoted
  std::uint64_t begin = 0;         // where it is captured from, in the server's log
  // Columns that have to be told of a row that is changed or removed.
  std::vector<std::string> known_before;
  bool takes_copies = true;       // COPY may write to it
  bool tells_statements = false;  // triggers of it hear of statements, be they of no row
  // Keys that by themselves refuse a second row, at once: where nothing of the table's own comes
  // before an insert, and it has no parts.
  std::vector<std::vector<std::size_t>> refusing_keys;
  std::vector<foreign_key> references;
  std::vector<std::string> enumerations;  // types of its columns, by the catalogue's number
};

// `table` is a name, or a schema and a name with a point between; without a schema the connection's
// search path decides.
// Errors: `table_missing`; those of connection.
[[nodiscard]] result<table_facts> describe_table(connection& on, std::string const& table);
// In the order of their names; as many questions for many as for one.
[[nodiscard]] result<std::vector<table_facts>> describe_tables(
    connection& on, std::vector<std::string> const& tables);

// Changes with the table's name and with everything that describe_table() tells of its columns, the
// labels of their types among it, its keys and its triggers; empty where there is none.
[[nodiscard]] result<std::string> shape_of(connection& on, table_facts const& table);
// The same as a question among others, and what its answer says.
[[nodiscard]] statement shape_question(table_facts const& table);
[[nodiscard]] std::string shape_in(answer const& rows);

}  // namespace dualwrite::engine::postgresql
