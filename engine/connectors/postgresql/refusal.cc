#include "engine/connectors/postgresql/refusal.h"

namespace dualwrite::engine::postgresql {
namespace {

// "Key (email)=(b@y) already exists." names the columns of a constraint; the first one is told.
std::string column_in(std::string const& text) {
  constexpr std::string_view before = "Key (";
  auto const at = text.find(before);
  if (at == std::string::npos) return {};
  auto const begin = at + before.size();
  return text.substr(begin, text.find_first_of(",)", begin) - begin);
}

}  // namespace

bool is_of_the_row(error const& why) {
  return why.code == error_code::row_refused || why.code == error_code::table_missing ||
         why.code == error_code::value_not_convertible;
}

write_result refusal_of(error const& why, connection const& on) {
  write_result out;
  out.effect = write_effect::refused;
  out.text = why.detail;
  if (why.code == error_code::value_not_convertible) {
    out.kind = fault_class::bad_request;
    out.code = std::string(name_of(why.code));
    return out;
  }
  auto const& said = on.failure();
  out.kind = why.code == error_code::table_missing ? fault_class::schema : fault_class::application;
  out.code = said.state;
  out.column = said.column.empty() ? column_in(said.text) : said.column;
  return out;
}

write_result suppressed_row() {
  write_result out;
  out.effect = write_effect::refused;
  out.kind = fault_class::application;
  out.code = "SUPPRESSED";
  out.text = "a trigger of the table has suppressed the row";
  return out;
}

result<write_result> ran(result<answer> const& how, write_effect effect, connection const& on) {
  if (!how && !is_of_the_row(how.error())) return how.error();
  if (!how) return refusal_of(how.error(), on);
  write_result out;
  out.effect = effect;
  return out;
}

bool is_for_its_values(std::string_view code) {
  constexpr std::string_view data_exceptions = "22";
  return code.starts_with(data_exceptions) || code == not_null_violation || code == check_violation;
}

}  // namespace dualwrite::engine::postgresql
