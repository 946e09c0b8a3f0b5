#include "events/codec.h"

#include <flatbuffers/flatbuffers.h>

#include <optional>

#include "events/endian.h"
#include "events_generated.h"

namespace dualwrite {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Table;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;

// An event nests at most a table in a vector in the payload in the envelope; the rest of the room
// is for growth.
constexpr flatbuffers::uoffset_t depth_max = 8;
constexpr flatbuffers::uoffset_t tables_max = 1u << 20;

constexpr voffset_t field_offset(std::size_t id) {
  return static_cast<voffset_t>(4 + 2 * id);
}

template <class T>
concept has_fields = requires(T& t) {
  t.fields();
};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};

// The number that a scalar member is stored as.
template <class T>
auto to_wire(T const& member) {
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<std::uint8_t>(member);
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<std::underlying_type_t<T>>(member);
  } else if constexpr (std::is_same_v<T, instant>) {
    return member.us;
  } else if constexpr (requires { member.value; }) {
    return member.value;
  } else {
    return member;
  }
}

template <class T>
using wire_type = decltype(to_wire(std::declval<T>()));

template <class T>
T from_wire(wire_type<T> number) {
  if constexpr (std::is_same_v<T, instant>) {
    return instant{number};
  } else {
    return static_cast<T>(number);
  }
}

template <class T>
constexpr bool is_scalar = !std::is_same_v<T, std::string_view> && !std::is_same_v<T, blob> &&
                           !is_vector<T>::value && !has_fields<T>;

template <class Struct>
uoffset_t write_table(FlatBufferBuilder& out, Struct const& from);

// Writes what a member points to; zero where there is nothing to point to.
template <class T>
uoffset_t write_child(FlatBufferBuilder& out, T const& member) {
  if constexpr (is_scalar<T>) {
    return 0;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return member.empty() ? 0 : out.CreateString(member.data(), member.size()).o;
  } else if constexpr (std::is_same_v<T, blob>) {
    auto const* bytes = reinterpret_cast<std::uint8_t const*>(member.bytes.data());
    return member.bytes.empty() ? 0 : out.CreateVector(bytes, member.bytes.size()).o;
  } else if constexpr (has_fields<T>) {
    return write_table(out, member);
  } else if constexpr (has_fields<typename T::value_type>) {
    if (member.empty()) return 0;
    std::vector<Offset<Table>> rows;
    rows.reserve(member.size());
    for (auto const& row : member) rows.emplace_back(write_table(out, row));
    return out.CreateVector(rows).o;
  } else {
    if (member.empty()) return 0;
    std::vector<wire_type<typename T::value_type>> numbers;
    numbers.reserve(member.size());
    for (auto const& number : member) numbers.push_back(to_wire(number));
    return out.CreateVector(numbers).o;
  }
}

template <class Struct>
uoffset_t write_table(FlatBufferBuilder& out, Struct const& from) {
  return std::apply(
      [&](auto const&... member) {
        uoffset_t const children[] = {write_child(out, member)...};
        auto const start = out.StartTable();
        std::size_t id = 0;
        auto const add = [&](auto const& field) {
          using T = std::decay_t<decltype(field)>;
          if constexpr (is_scalar<T>) {
            out.AddElement(field_offset(id), to_wire(field), wire_type<T>{});
          } else if (children[id] != 0) {
            out.AddOffset(field_offset(id), Offset<void>(children[id]));
          }
          ++id;
        };
        (add(member), ...);
        return out.EndTable(start);
      },
      from.fields());
}

template <class Struct>
void read_table(Table const& in, Struct& into);

template <class T>
void read_member(Table const& in, std::size_t id, T& into) {
  auto const at = field_offset(id);
  if constexpr (is_scalar<T>) {
    into = from_wire<T>(in.GetField<wire_type<T>>(at, {}));
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    auto const* text = in.GetPointer<flatbuffers::String const*>(at);
    if (text != nullptr) into = {text->c_str(), text->size()};
  } else if constexpr (std::is_same_v<T, blob>) {
    auto const* bytes = in.GetPointer<flatbuffers::Vector<std::uint8_t> const*>(at);
    if (bytes != nullptr)
      into = blob{{reinterpret_cast<char const*>(bytes->data()), bytes->size()}};
  } else if constexpr (has_fields<typename T::value_type>) {
    auto const* rows = in.GetPointer<flatbuffers::Vector<Offset<Table>> const*>(at);
    if (rows == nullptr) return;
    into.resize(rows->size());
    for (uoffset_t i = 0; i < rows->size(); ++i) read_table(*rows->Get(i), into[i]);
  } else {
    using number = wire_type<typename T::value_type>;
    auto const* numbers = in.GetPointer<flatbuffers::Vector<number> const*>(at);
    if (numbers == nullptr) return;
    into.reserve(numbers->size());
    // The verifier lets them lie at any address.
    auto const* at_number = reinterpret_cast<std::byte const*>(numbers->Data());
    for (uoffset_t i = 0; i < numbers->size(); ++i, at_number += sizeof(number))
      into.push_back(from_wire<typename T::value_type>(load_little<number>(at_number)));
  }
}

template <class Struct>
void read_table(Table const& in, Struct& into) {
  std::apply(
      [&](auto&... member) {
        std::size_t id = 0;
        (read_member(in, id++, member), ...);
      },
      into.fields());
}

std::string_view text_or_empty(flatbuffers::String const* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text->c_str(), text->size()};
}

}  // namespace

std::string_view name_of(event_type type) {
  switch (type) {
    case event_type::none:
      break;
#define DW_EVENT(number, name) \
  case event_type::name:       \
    return #name;
#include "events/catalogue.def"
#undef DW_EVENT
  }
  return "unknown";
}

template <class Event>
std::vector<std::byte> encode(Event const& event, origin const& from) {
  thread_local FlatBufferBuilder out;
  out.Clear();
  auto const payload = write_table(out, event);
  auto const text = [&](std::string_view chars) {
    return chars.empty() ? Offset<flatbuffers::String>{}
                         : out.CreateString(chars.data(), chars.size());
  };
  auto const actor = text(from.actor);
  auto const command = text(from.command);
  fb::EventBuilder envelope(out);
  envelope.add_payload_type(static_cast<fb::Payload>(type_of<Event>));
  envelope.add_payload(Offset<void>(payload));
  envelope.add_actor(actor);
  envelope.add_correlation(from.correlation.value);
  envelope.add_cause(from.cause.value);
  envelope.add_command(command);
  fb::FinishEventBuffer(out, envelope.Finish());
  auto const* begin = reinterpret_cast<std::byte const*>(out.GetBufferPointer());
  return {begin, begin + out.GetSize()};
}

#define DW_EVENT(number, name) \
  template std::vector<std::byte> encode<name>(name const&, origin const&);
#include "events/catalogue.def"
#undef DW_EVENT

void settle_cause(encoded_event& event, sequence first) {
  auto* envelope = flatbuffers::GetMutableRoot<fb::Event>(event.bytes.data());
  auto* table = reinterpret_cast<Table*>(envelope);
  if (envelope->cause() == first_of_submission.value) {
    table->SetField<std::uint64_t>(fb::Event::VT_CAUSE, first.value, 0);
  }
  if (envelope->correlation() == first_of_submission.value) {
    table->SetField<std::uint64_t>(fb::Event::VT_CORRELATION, first.value, 0);
  }
}

sequence correlation_of(bytes_view event) {
  auto const number_at = [&](std::size_t at, auto number) -> std::optional<decltype(number)> {
    if (at > event.size() || event.size() - at < sizeof number) return {};
    return load_little<decltype(number)>(event.data() + at);
  };
  auto const table = number_at(0, uoffset_t{});
  if (!table) return {};
  auto const back = number_at(*table, flatbuffers::soffset_t{});
  if (!back || *back > static_cast<std::int64_t>(*table)) return {};
  auto const fields = static_cast<std::size_t>(static_cast<std::int64_t>(*table) - *back);
  auto const fields_bytes = number_at(fields, voffset_t{});
  if (!fields_bytes || *fields_bytes < fb::Event::VT_CORRELATION + sizeof(voffset_t)) return {};
  auto const field = number_at(fields + fb::Event::VT_CORRELATION, voffset_t{});
  if (!field || *field == 0) return {};
  return sequence{number_at(*table + std::size_t{*field}, std::uint64_t{}).value_or(0)};
}

result<event_view> decode(stored_event const& stored) {
  auto const* bytes = reinterpret_cast<std::uint8_t const*>(stored.bytes.data());
  flatbuffers::Verifier verifier(bytes, stored.bytes.size(), depth_max, tables_max);
  if (!fb::VerifyEventBuffer(verifier)) {
    return error{error_code::event_malformed, "its FlatBuffer does not verify", stored.at};
  }
  auto const* envelope = fb::GetEvent(bytes);
  event_view view{stored.at, stored.span, stored.recorded_at, stored.stream, {}, 1, {}};
  view.from = {text_or_empty(envelope->actor()),
               sequence{envelope->correlation()},
               sequence{envelope->cause()},
               text_or_empty(envelope->command())};
  view.version = envelope->version();
  auto const* payload = reinterpret_cast<Table const*>(envelope->payload());
  if (payload == nullptr) return view;
  switch (static_cast<event_type>(envelope->payload_type())) {
    case event_type::none:
      break;
#define DW_EVENT(number, name)                       \
  case event_type::name:                             \
    read_table(*payload, view.body.emplace<name>()); \
    break;
#include "events/catalogue.def"
#undef DW_EVENT
  }
  return view;
}

}  // namespace dualwrite
