// Between events as structs and events as FlatBuffers.
#pragma once

#include <string_view>
#include <utility>

#include "events/catalogue.h"
#include "events/result.h"
#include "events/stored_event.h"

namespace dualwrite {

// Who and why, beside what: the part of the envelope that the writer gives. Sequence, time and
// stream are the log's.
struct origin {
  std::string_view actor;    // user or token; empty: the engine
  sequence correlation;      // the request or transaction that all of it belongs to
  sequence cause;            // the event that led to this one
  std::string_view command;  // the client's command id
};

// Stands for "the first event of the same submission" as a cause, until the sequencer knows its
// sequence.
inline constexpr sequence first_of_submission{~std::uint64_t{0}};

// An event of the log, decoded in place: its views live as long as the bytes it was decoded from.
struct event_view {
  sequence at;
  std::uint32_t span = 1;
  instant recorded_at;
  stream_id stream;
  origin from;
  std::uint16_t version = 1;
  any_event body;

  sequence last() const { return at + (span - 1); }
  template <class Event>
  Event const* as() const {
    return std::get_if<Event>(&body);
  }
};

// The bytes of an event without its place in a stream.
template <class Event>
[[nodiscard]] std::vector<std::byte> encode(Event const& event, origin const& from);

// A draft: an event that is ready to be appended. A stream of id zero of a kind that has ids
// becomes the event's own sequence: it makes the thing that it is about.
template <class Event>
[[nodiscard]] encoded_event draft(stream_id stream,
                                  link_id link,
                                  Event const& event,
                                  origin const& from = {}) {
  return encoded_event{stream, link, 1, encode(event, from)};
}

// Replaces `first_of_submission` as cause and as correlation.
void settle_cause(encoded_event& event, sequence first);

// The correlation in an event's bytes, read without looking at the rest; zero where there is none,
// or where the bytes are no event's. Any bytes are safe to ask.
[[nodiscard]] sequence correlation_of(bytes_view event);

// Errors: `event_malformed` where the bytes do not verify. An event type that this release does not
// know decodes to an empty body.
[[nodiscard]] result<event_view> decode(stored_event const& stored);

#define DW_EVENT(number, name) \
  extern template std::vector<std::byte> encode<name>(name const&, origin const&);
#include "events/catalogue.def"
#undef DW_EVENT

}  // namespace dualwrite
