#include "tests/contract/sql_subject.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace dualwrite::contract {

std::string quoted(std::string const& text, char with) {
  std::string out(1, with);
  for (auto const letter : text)
    out += letter == with ? std::string(2, with) : std::string(1, letter);
  return out + with;
}

std::string name(std::string const& text) {
  return quoted(text, '"');
}

std::string hexadecimal(std::string const& bytes) {
  std::string out;
  for (auto const byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

void sql_subject::make(std::vector<table_declaration> const& tables) {
  for (auto const& one : tables) {
    schemas_[one.schema.table] = one.schema;
    auto sql = table_sql(one);
    if (one.trigger) sql += trigger_sql(one);
    if (!one.noted_in.empty()) sql += note_sql(one);
    EXPECT_TRUE(execute(sql)) << sql;
  }
}

bool sql_subject::commit(std::vector<user_change> const& changes) {
  if (!execute(begin_sql())) return false;
  for (auto const& one : changes) {
    if (!execute(change_sql(one))) {
      execute("ROLLBACK");
      return false;
    }
  }
  return execute("COMMIT");
}

std::string sql_subject::column(std::string const& table, std::size_t at) const {
  return name(schemas_.at(table).columns[at].name);
}

std::string sql_subject::names(std::string const& table,
                               std::vector<std::size_t> const& columns) const {
  std::vector<std::string> out;
  for (auto const one : columns) out.push_back(column(table, one));
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string sql_subject::rows_sql(std::string const& table) const {
  return fmt::format(
      "SELECT * FROM {} ORDER BY {}", name(table), names(table, schemas_.at(table).key));
}

std::string sql_subject::table_sql(table_declaration const& one) const {
  auto const& table = one.schema.table;
  std::vector<std::string> parts;
  for (auto const& column : one.schema.columns) {
    auto const* const null = column.nullable ? "" : " NOT NULL";
    parts.push_back(fmt::format("{} {}{}", name(column.name), type_name(column.type), null));
  }
  parts.push_back(fmt::format("PRIMARY KEY({})", names(table, one.schema.key)));
  for (auto const at : one.unique) parts.push_back(fmt::format("UNIQUE({})", column(table, at)));
  for (auto const& key : one.references) {
    auto const* const deferred = key.deferred ? " DEFERRABLE INITIALLY DEFERRED" : "";
    parts.push_back(fmt::format(
        "FOREIGN KEY({}) REFERENCES {}{}", column(table, key.column), name(key.table), deferred));
  }
  if (one.check) {
    parts.push_back(
        fmt::format("CHECK({} <> {})", column(table, one.check->column), literal(one.check->what)));
  }
  return fmt::format("CREATE TABLE {}({});", name(table), fmt::join(parts, ", "));
}

std::string sql_subject::change_sql(user_change const& one) const {
  auto const& schema = schemas_.at(one.table);
  std::vector<std::string> where;
  for (std::size_t i = 0; i < one.key.size(); ++i) {
    where.push_back(fmt::format("{} = {}", column(one.table, schema.key[i]), literal(one.key[i])));
  }
  std::vector<std::string> values;
  for (std::size_t i = 0; i < one.row.size(); ++i) {
    auto const set = one.op == operation::update ? column(one.table, i) + " = " : "";
    values.push_back(set + literal(one.row[i]));
  }
  auto const table = name(one.table);
  auto const only = fmt::format("{}", fmt::join(where, " AND "));
  switch (one.op) {
    case operation::insert:
      return fmt::format("INSERT INTO {} VALUES({})", table, fmt::join(values, ", "));
    case operation::update:
      return fmt::format("UPDATE {} SET {} WHERE {}", table, fmt::join(values, ", "), only);
    case operation::remove:
      return fmt::format("DELETE FROM {} WHERE {}", table, only);
  }
  return {};
}

}  // namespace dualwrite::contract
