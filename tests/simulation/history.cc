#include "tests/simulation/history.h"

#include <fmt/format.h>

#include <type_traits>

#include "events/codec.h"
#include "events/row_image.h"

namespace dualwrite::simulation {
namespace {

std::string show_row(std::string_view image) {
  if (image.empty()) return "-";
  auto const row = decode_row(image);
  if (!row) return "?";
  std::string out;
  for (auto const& one : *row) {
    if (!out.empty()) out.push_back(',');
    out += to_string(one);
  }
  return out;
}

std::string show_records(std::string_view pack) {
  std::string out;
  record_reader reader(pack);
  while (true) {
    auto const record = reader.next();
    if (!record || !*record) return out;
    auto const& one = **record;
    out += fmt::format("[{} {} -> {}{}]",
                       one.op == operation::remove   ? "del"
                       : one.op == operation::insert ? "ins"
                                                     : "upd",
                       show_row(one.before),
                       show_row(one.after),
                       one.cause ? fmt::format(" cause {}", one.cause.value) : "");
  }
}

template <class Field>
std::string show(Field const& field);

template <class Struct>
std::string show_fields(Struct const& fields) {
  std::string out;
  auto names = Struct::field_names;
  std::apply(
      [&](auto const&... each) {
        auto const one = [&](auto const& value) {
          auto const end = names.find(',');
          auto const name = names.substr(0, end);
          names = end == std::string_view::npos ? "" : names.substr(end + 2);
          out += fmt::format(" {}={}", name, show(value));
        };
        (one(each), ...);
      },
      fields.fields());
  return out;
}

template <class Field>
std::string show(Field const& field) {
  if constexpr (std::is_enum_v<Field>) {
    return fmt::format("{}", static_cast<unsigned>(field));
  } else if constexpr (std::is_same_v<Field, blob>) {
    auto const row = decode_row(field.bytes);
    return row ? show_row(field.bytes) : fmt::format("<{} bytes>", field.bytes.size());
  } else if constexpr (requires { field.fields(); }) {
    return fmt::format("{{{} }}", show_fields(field));
  } else if constexpr (requires { field.value; }) {
    return fmt::format("{}", field.value);
  } else if constexpr (std::is_same_v<Field, instant>) {
    return fmt::format("{}", field.us);
  } else if constexpr (std::is_same_v<Field, std::string_view> || std::is_arithmetic_v<Field>) {
    return fmt::format("{}", field);
  } else {
    std::string out = "(";
    for (auto const& one : field) out += show(one);
    return out + ")";
  }
}

struct body_text {
  std::string operator()(RecordsCaptured const& e) const {
    return fmt::format(" side={} kind={} commit={} at={} last={} {}",
                       static_cast<unsigned>(e.of),
                       static_cast<unsigned>(e.kind),
                       e.commit,
                       show(e.committed_at),
                       e.last,
                       show_records(e.records.bytes));
  }
  std::string operator()(ConflictResolved const& e) const {
    return show_fields(e) + " image " + show_row(e.image.bytes);
  }
  std::string operator()(std::monostate) const { return {}; }
  template <class Event>
  std::string operator()(Event const& e) const {
    return show_fields(e);
  }
};

}  // namespace

std::string history(event_log const& log) {
  std::string out;
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  while (true) {
    auto const stored = cursor->next();
    if (!stored || !*stored) return out;
    auto const event = decode(**stored);
    if (!event) return out + to_string(event.error());
    auto const type = static_cast<event_type>(event->body.index());
    out += fmt::format("{} <{} {}{}\n",
                       event->at.value,
                       event->from.cause.value,
                       name_of(type),
                       std::visit(body_text{}, event->body));
  }
}

}  // namespace dualwrite::simulation
