#include "events/calendar.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace dualwrite {
namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t hour_us = 60 * minute_us;
constexpr std::int64_t days_of_era = 146097;  // 400 years
constexpr std::int64_t epoch_day = 719468;    // 1970-01-01, counted from 0000-03-01
constexpr std::int64_t years_limit = 5'880'000;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// Years are counted from March, so that the leap day is the last of its year.
std::int64_t to_days(calendar_day date) {
  auto const year = date.month <= 2 ? date.year - 1 : date.year;
  auto const era = floor_divide(year, 400);
  auto const year_of_era = year - era * 400;
  auto const day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
  auto const day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * days_of_era + day_of_era - epoch_day;
}

int days_of_month(std::int64_t year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Takes what it knows off the front of a text; false, once and for all, where that is something
// else.
class text_reader {
 public:
  explicit text_reader(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Between `least` and `most` digits.
  std::optional<std::int64_t> number(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    std::int64_t made = 0;
    while (count < most && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      made = made * 10 + (rest_[count++] - '0');
    }
    if (count < least) return std::nullopt;
    rest_.remove_prefix(count);
    return made;
  }
  // Up to six places, as microseconds; more only where they are zero.
  std::optional<std::int64_t> fraction() {
    std::int64_t us = 0;
    std::size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count < 6)
        us = us * 10 + (rest_[count] - '0');
      else if (rest_[count] != '0')
        return std::nullopt;
    }
    if (count == 0) return std::nullopt;
    for (auto at = count; at < 6; ++at) us *= 10;
    rest_.remove_prefix(count);
    return us;
  }

  std::optional<std::int64_t> date() {
    bool const negative = take('-');
    bool const is_signed = negative || take('+');
    auto const year = number(4, is_signed ? 7 : 4);
    if (!year || *year > years_limit || !take('-')) return std::nullopt;
    auto const month = number(2, 2);
    if (!month || *month < 1 || *month > 12 || !take('-')) return std::nullopt;
    auto const day = number(2, 2);
    calendar_day const made{
        negative ? -*year : *year, static_cast<int>(*month), static_cast<int>(day.value_or(0))};
    if (made.day < 1 || made.day > days_of_month(made.year, made.month)) return std::nullopt;
    auto const days = to_days(made);
    if (!is_date(days)) return std::nullopt;
    return days;
  }

  std::optional<std::int64_t> time() {
    auto const hour = number(2, 2);
    if (!hour || !take(':')) return std::nullopt;
    auto const minute = number(2, 2);
    if (!minute || *minute > 59) return std::nullopt;
    std::int64_t us = *hour * hour_us + *minute * minute_us;
    if (take(':')) {
      auto const second = number(2, 2);
      if (!second || *second > 59) return std::nullopt;
      us += *second * 1'000'000;
      if (take('.')) {
        auto const part = fraction();
        if (!part) return std::nullopt;
        us += *part;
      }
    }
    if (!is_time_of_day(us)) return std::nullopt;
    return us;
  }

  // East of Greenwich is positive.
  std::optional<std::int64_t> zone() {
    if (take('Z') || take('z')) return 0;
    bool const west = take('-');
    if (!west && !take('+')) return std::nullopt;
    auto const hours = number(2, 2);
    if (!hours || *hours > 18) return std::nullopt;
    std::int64_t us = *hours * hour_us;
    if (take(':') || !empty()) {
      auto const minutes = number(2, 2);
      if (!minutes || *minutes > 59) return std::nullopt;
      us += *minutes * minute_us;
    }
    return west ? -us : us;
  }

 private:
  std::string_view rest_;
};

error not_a(std::string_view what, std::string_view text) {
  constexpr std::size_t shown = 40;
  return {
      error_code::value_not_convertible,
      fmt::format(
          "'{}{}' is not a {}.", text.substr(0, shown), text.size() > shown ? "..." : "", what)};
}

std::optional<std::int64_t> infinite(std::string_view text) {
  if (text == "infinity") return time_infinity;
  if (text == "-infinity") return time_minus_infinity;
  return std::nullopt;
}

// Of a number that is not negative; with zeros before it where it has fewer digits.
void append_number(std::string& text, std::int64_t number, std::size_t digits_min) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 1> digits{};
  auto first = digits.size();
  while (number != 0 || digits.size() - first < digits_min) {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  text.append(digits.data() + first, digits.size() - first);
}

void append_fraction(std::string& text, std::int64_t us) {
  if (us == 0) return;
  text.push_back('.');
  append_number(text, us, 6);
  text.erase(text.find_last_not_of('0') + 1);
}

void append_date(std::string& text, std::int64_t days) {
  if (days == time_infinity || days == time_minus_infinity) {
    text += days == time_infinity ? "infinity" : "-infinity";
    return;
  }
  auto const date = split_date(days);
  if (date.year < 0 || date.year > 9999) text.push_back(date.year < 0 ? '-' : '+');
  append_number(text, std::abs(date.year), 4);
  text.push_back('-');
  append_number(text, date.month, 2);
  text.push_back('-');
  append_number(text, date.day, 2);
}

void append_time(std::string& text, std::int64_t us) {
  append_number(text, us / hour_us, 2);
  text.push_back(':');
  append_number(text, us / minute_us % 60, 2);
  text.push_back(':');
  append_number(text, us / 1'000'000 % 60, 2);
  append_fraction(text, us % 1'000'000);
}

result<std::int64_t> parse_point(std::string_view text, bool zoned, std::string_view what) {
  if (auto const end = infinite(text)) return *end;
  text_reader reader(text);
  auto const days = reader.date();
  if (!days || !(reader.take('T') || reader.take(' '))) return not_a(what, text);
  auto const us = reader.time();
  if (!us) return not_a(what, text);
  std::int64_t offset = 0;
  if (zoned) {
    auto const zone = reader.zone();
    if (!zone) return not_a(what, text);
    offset = *zone;
  }
  if (!reader.empty()) return not_a(what, text);
  // Far years have dates, but no place in 64 bits of microseconds.
  constexpr std::int64_t days_max = time_infinity / day_us - 2;
  if (*days > days_max || *days < -days_max) return not_a(what, text);
  return *days * day_us + *us - offset;
}

}  // namespace

calendar_day split_date(std::int64_t days) {
  days += epoch_day;
  auto const era = floor_divide(days, days_of_era);
  auto const day_of_era = days - era * days_of_era;
  auto const year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  auto const day_of_year =
      static_cast<int>(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  int const shifted_month = (5 * day_of_year + 2) / 153;
  calendar_day date;
  date.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  date.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

bool is_date(std::int64_t days) {
  return days == time_infinity || days == time_minus_infinity ||
         (days >= -days_limit && days <= days_limit);
}

bool is_time_of_day(std::int64_t us) {
  return us >= 0 && us <= day_us;
}

std::string print_date(std::int64_t days) {
  std::string text;
  append_date(text, days);
  return text;
}

std::string print_time(std::int64_t us) {
  std::string text;
  append_time(text, us);
  return text;
}

std::string print_timestamp(std::int64_t us) {
  if (us == time_infinity || us == time_minus_infinity) return print_date(us);
  auto const days = floor_divide(us, day_us);
  std::string text;
  text.reserve(sizeof "2026-01-01T00:00:00.000000Z");
  append_date(text, days);
  text.push_back('T');
  append_time(text, us - days * day_us);
  return text;
}

std::string print_timestamp_tz(std::int64_t us) {
  auto text = print_timestamp(us);
  if (us != time_infinity && us != time_minus_infinity) text.push_back('Z');
  return text;
}

result<std::int64_t> parse_date(std::string_view text) {
  if (auto const end = infinite(text)) return *end;
  text_reader reader(text);
  auto const days = reader.date();
  if (!days || !reader.empty()) return not_a("date", text);
  return *days;
}

result<std::int64_t> parse_time(std::string_view text) {
  text_reader reader(text);
  auto const us = reader.time();
  if (!us || !reader.empty()) return not_a("time of day", text);
  return *us;
}

result<std::int64_t> parse_timestamp(std::string_view text) {
  return parse_point(text, false, "timestamp without zone");
}

result<std::int64_t> parse_timestamp_tz(std::string_view text) {
  return parse_point(text, true, "timestamp with zone");
}

std::string print_interval(interval const& span) {
  std::string text = "P";
  auto const years = span.months / 12;
  if (years != 0) text += fmt::format("{}Y", years);
  if (span.months % 12 != 0) text += fmt::format("{}M", span.months % 12);
  if (span.days != 0) text += fmt::format("{}D", span.days);
  auto const seconds = span.us / 1'000'000;
  auto const rest_us = span.us % 1'000'000;
  if (span.us != 0 || text.size() == 1) {
    text.push_back('T');
    if (seconds / 3600 != 0) text += fmt::format("{}H", seconds / 3600);
    if (seconds / 60 % 60 != 0) text += fmt::format("{}M", seconds / 60 % 60);
    if (seconds % 60 != 0 || rest_us != 0 || text.back() == 'T') {
      if (seconds % 60 == 0 && rest_us < 0) text.push_back('-');
      text += fmt::format("{}", seconds % 60);
      append_fraction(text, std::abs(rest_us));
      text.push_back('S');
    }
  }
  return text;
}

namespace {

// One number and its letter of an interval; `fraction_us` only before an S.
struct interval_part {
  std::int64_t whole = 0;
  std::int64_t fraction_us = 0;
};

std::optional<interval_part> take_part(text_reader& reader) {
  bool const negative = reader.take('-');
  // Sixteen digits leave room to multiply by a unit with a check, and cover every interval there
  // is.
  auto const whole = reader.number(1, 16);
  if (!whole) return std::nullopt;
  interval_part part{*whole, 0};
  if (reader.take('.')) {
    auto const us = reader.fraction();
    if (!us) return std::nullopt;
    part.fraction_us = *us;
  }
  if (negative) part = {-part.whole, -part.fraction_us};
  return part;
}

bool add_scaled(std::int64_t& sum, std::int64_t count, std::int64_t unit) {
  std::int64_t scaled = 0;
  return !__builtin_mul_overflow(count, unit, &scaled) &&
         !__builtin_add_overflow(sum, scaled, &sum);
}

struct unit_of_interval {
  char letter;
  bool of_time;
  int field;  // 0 months, 1 days, 2 microseconds
  std::int64_t size;
};

constexpr unit_of_interval units[] = {
    {'Y', false, 0, 12},
    {'M', false, 0, 1},
    {'D', false, 1, 1},
    {'H', true, 2, hour_us},
    {'M', true, 2, minute_us},
    {'S', true, 2, 1'000'000},
};

}  // namespace

result<interval> parse_interval(std::string_view text) {
  auto const refused = [text] { return not_a("interval", text); };
  text_reader reader(text);
  if (!reader.take('P') || reader.empty()) return refused();
  std::int64_t sums[3] = {0, 0, 0};
  bool of_time = false;
  auto next = std::begin(units);
  while (!reader.empty()) {
    if (!of_time && reader.take('T')) of_time = true;
    auto const part = take_part(reader);
    if (!part) return refused();
    // Units come in their order and once each, which is what skipping forward says.
    while (next != std::end(units) && !(next->of_time == of_time && reader.take(next->letter))) {
      ++next;
    }
    if (next == std::end(units) || (part->fraction_us != 0 && next->letter != 'S'))
      return refused();
    auto& sum = sums[next->field];
    if (!add_scaled(sum, part->whole, next->size) || !add_scaled(sum, part->fraction_us, 1)) {
      return refused();
    }
    ++next;
  }
  interval const span{
      static_cast<std::int32_t>(sums[0]), static_cast<std::int32_t>(sums[1]), sums[2]};
  if (span.months != sums[0] || span.days != sums[1]) return refused();
  return span;
}

}  // namespace dualwrite
