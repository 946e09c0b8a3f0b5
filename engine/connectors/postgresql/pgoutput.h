// What the output plug-in `pgoutput` says, protocol version 1, as transactions.
//
// Messages (big-endian; texts end with a zero byte): B begin, C commit, R relation, I U D rows, T
// truncate, M logical message; O and Y say nothing that is needed here. A row's values are texts: n
// NULL, u unchanged and not sent, t length and bytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// A table that is captured under two names has its rows told under both. Rows of a partition are
// told as the partition's, and given as those of the tables that it is a part of.
//
// Errors of feed(): `value_malformed` for bytes that cannot be read; `source_rewound` where a table
// was truncated, which no row says, and `invalid_definition` where a row was changed or removed of
// which not all is told that has to be known: take_lost() tells which table.
// Lifetime: one stream; what relations look like is said anew in each.
// Threads: one at a time.
class pgoutput_reader {
 public:
  // Rows of `tables` are given in the columns that those have.
  pgoutput_reader(std::uint64_t incarnation, std::vector<table_facts> tables);

  // A transaction with its last message, or a part of one where it grows large; else nothing, nor
  // for one that has neither rows of the tables nor a mark.
  [[nodiscard]] result<std::optional<captured_transaction>> feed(std::string_view message);
  // Of a begin: the position of its transaction; zero where it is none.
  [[nodiscard]] static std::uint64_t begun_commit(std::string_view message);
  // Of a description: the catalogue's number of the table.
  [[nodiscard]] static std::optional<std::uint64_t> described_object(std::string_view message);
  // That a table is part of others. Before its description is fed.
  void set_whole_of(std::uint64_t part, std::vector<std::uint64_t> whole);
  // The names of the tables that the last error is about.
  [[nodiscard]] std::vector<std::string> take_lost() { return std::exchange(lost_, {}); }
  // The tables that were described since the last call. A description is as old as the rows that
  // follow it; what the table lacked then is *unchanged* in them, and an update of such a row is
  // given as an insert of it: what it lacks is not what the row had before.
  [[nodiscard]] std::vector<table_facts const*> take_described();
  // When the transaction that is read, or was read last, was committed.
  instant committed_at() const { return now_.committed_at; }

 private:
  class cursor;
  struct captured_as {
    table_facts const* of = nullptr;
    std::vector<std::optional<std::size_t>> columns;  // of the table, by place in the message
    bool lacks_columns = false;                       // that the table has now
    std::optional<error> untold{};  // of a row before a change: not what has to be known
  };
  struct relation {
    std::vector<captured_as> as;  // none: not captured
    std::vector<bool> identity;
  };
  void begin(cursor& from);
  // What is held of the transaction; what follows is its next part.
  captured_transaction give(bool ends);
  [[nodiscard]] result<void> take_relation(cursor& from);
  static std::optional<error> find_untold(std::string_view in_schema,
                                          std::string_view name,
                                          captured_as const& as,
                                          std::vector<bool> const& identity);
  [[nodiscard]] result<void> take_row(cursor& from, operation op);
  [[nodiscard]] result<void> take_row_as(cursor& from,
                                         operation op,
                                         captured_as const& as,
                                         std::vector<bool> const& identity);
  void keep(std::string const& table,
            operation op,
            row_values const& before,
            row_values const& after);
  [[nodiscard]] result<void> take_message(cursor& from);
  [[nodiscard]] result<void> take_truncate(cursor& from);
  [[nodiscard]] result<row_values> take_values(cursor& from,
                                               captured_as const& as,
                                               std::vector<bool> const* identity) const;
  std::vector<table_facts const*> captured_for(std::uint64_t object) const;

  std::uint64_t incarnation_;
  std::multimap<std::uint64_t, table_facts> tables_;  // by the catalogue's number
  std::map<std::uint64_t, std::vector<std::uint64_t>> whole_;
  std::map<std::uint64_t, relation> relations_;
  std::vector<table_facts const*> described_;
  std::vector<std::string> lost_;
  captured_transaction now_;
  std::size_t bytes_ = 0;  // of the rows that are held
};

}  // namespace dualwrite::engine::postgresql
