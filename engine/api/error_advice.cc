#include "engine/api/error_advice.h"

#include <algorithm>
#include <cctype>

namespace dualwrite::engine {
namespace {

struct known_code {
  std::string_view code;
  error_advice advice;
};

constexpr error_advice unique_clash{
    "Another row of the target has the same value in a column that must be unique.",
    "Change one of the two rows, or map their keys so that they meet; then retry."};
constexpr error_advice missing_reference{
    "The row refers to one that the target does not have.",
    "Bring the row that it refers to, with the map of its table; this one is tried again by itself "
    "where that row is on its way, else retry it."};
constexpr error_advice check_refused{
    "A rule that the target's table declares refuses the value.",
    "Correct the value at its source, or change the rule; then retry."};
constexpr error_advice null_refused{
    "The target needs a value in a column for which the source has none.",
    "Fill the column at its source, or give the column pair a default; then retry."};
constexpr error_advice code_refused{
    "Program code of the target, a trigger or a business rule, refuses the row.",
    "Do what its text asks for, in the source or the target; then retry."};
constexpr error_advice too_long{"The value is longer than the target's column.",
                                "Shorten it at its source, or widen the column; then retry."};
constexpr error_advice wrong_form{
    "The target cannot read the value as its column's type.",
    "Correct the value at its source, or change the column pair; then retry."};

constexpr known_code known[] = {
    {"SQLITE_CONSTRAINT_UNIQUE", unique_clash},
    {"SQLITE_CONSTRAINT_PRIMARYKEY", unique_clash},
    {"SQLITE_CONSTRAINT_ROWID", unique_clash},
    {"SQLITE_CONSTRAINT_FOREIGNKEY", missing_reference},
    {"SQLITE_CONSTRAINT_CHECK", check_refused},
    {"SQLITE_CONSTRAINT_NOTNULL", null_refused},
    {"SQLITE_CONSTRAINT_TRIGGER", code_refused},
    {"SQLITE_CONSTRAINT_DATATYPE", wrong_form},
    {"23505", unique_clash},
    {"23503", missing_reference},
    {"23514", check_refused},
    {"23502", null_refused},
    {"P0001", code_refused},
    {"22001", too_long},
    {"22P02", wrong_form},
    {"22003", wrong_form},
    {"value_not_mapped",
     {"The value has no entry in the column pair's value map.",
      "Add the entry to the map, or correct the value at its source; then retry."}},
    {"value_not_convertible",
     {"The value does not fit the type of the target's column.",
      "Correct the value at its source, or change the column pair; then retry."}},
    {"key_missing",
     {"The row has no value in a column of the integration key.",
      "Fill the key column at its source; the change brings the row again."}},
    {"expression_failed",
     {"An expression of the map has no value for this row.",
      "Change the expression so that it covers the row, or correct the row; then retry."}},
    {"conflict_undecided",
     {"Both sides changed the row without having seen each other's change, and the map leaves it "
      "to people.",
      "Look at both with conflict show, then conflict resolve --keep left or right."}},
    {"undo_unknown",
     {"The other side's row won a value that must be unique; this change is to be undone, and what "
      "the row was before is not known.",
      "Give the row another value in its app, then delete this error; or let the app log rows as "
      "they were (PostgreSQL: REPLICA IDENTITY FULL)."}},
    {"moved_from_queue",
     {"The record waited in the queue when the map went live without it.",
      "Retry it: it is written unless something newer of its key was."}},
};

error_advice advice_for_class(fault_class kind) {
  switch (kind) {
    case fault_class::none:
      return {"It waits behind an earlier record of its key.", "Take care of that one."};
    case fault_class::network:
    case fault_class::throttled:
    case fault_class::unavailable:
      return {"The app could not be reached or was busy.", "Nothing: it is tried again by itself."};
    case fault_class::unauthorized:
      return {"The app does not let the engine do this.", "Grant the right that its text names."};
    case fault_class::bad_request:
      return {"The app does not take the request.", "Correct what its text names; then retry."};
    case fault_class::application:
      return {"A rule of the target refuses the row.",
              "Do what its text asks for, in the source or the target; then retry."};
    case fault_class::conflict:
      return {"Both sides changed the row.", "Decide which one is right."};
    case fault_class::mapping:
      return {"The map has no value for the target.",
              "Change the map or correct the row; then retry."};
    case fault_class::schema:
      return {"The target's table is not as the map takes it to be.",
              "Change the map, or the table; then retry."};
    case fault_class::dependency:
      return {"It waits for a row that it refers to.",
              "Take care of that one: this one is then tried by itself."};
  }
  return {};
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

error_advice advice_for(projections::parked_row const& row) {
  if (row.clash) {
    return {"The other side gave another row the same value, which must be unique.",
            "Look at both with conflict show, then conflict resolve --keep left or right; or give "
            "one of the rows another value in its app."};
  }
  for (auto const& one : known) {
    if (one.code == row.code) return one.advice;
  }
  return advice_for_class(row.kind);
}

std::string normalised(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    char const c = text.front();
    std::size_t size = 1;
    if (c == '\'' || c == '"') {
      auto const end = text.find(c, 1);
      bool const closes = end != std::string_view::npos;
      size = closes ? end + 1 : 1;
      out += closes ? std::string("?") : std::string(1, c);
    } else if (is_word(c)) {
      while (size < text.size() && is_word(text[size])) ++size;
      auto const word = text.substr(0, size);
      out += has_digit(word) ? std::string_view("?") : word;
    } else {
      out += c;
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace dualwrite::engine
