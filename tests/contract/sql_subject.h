// An application that speaks SQL: its tables and its users' changes as statements.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/contract/connector_subject.h"

namespace dualwrite::contract {

class sql_subject : public connector_subject {
 public:
  void make(std::vector<table_declaration> const& tables) override;
  bool commit(std::vector<user_change> const& changes) override;

 protected:
  // False where the app refuses it.
  virtual bool execute(std::string const& sql) = 0;
  virtual std::string begin_sql() const { return "BEGIN"; }
  virtual std::string type_name(value_type type) const = 0;
  virtual std::string literal(value const& what) const = 0;
  // The app's own code: it refuses a value, and notes a row elsewhere.
  virtual std::string trigger_sql(table_declaration const& one) const = 0;
  virtual std::string note_sql(table_declaration const& one) const = 0;

  std::string column(std::string const& table, std::size_t at) const;
  std::string names(std::string const& table, std::vector<std::size_t> const& columns) const;
  // All rows in the order of the key.
  std::string rows_sql(std::string const& table) const;

 private:
  std::string table_sql(table_declaration const& one) const;
  std::string change_sql(user_change const& one) const;

  std::map<std::string, table_schema> schemas_;
};

// In quotes that are doubled where they are inside.
std::string quoted(std::string const& text, char with = '\'');
std::string name(std::string const& text);
std::string hexadecimal(std::string const& bytes);

}  // namespace dualwrite::contract
