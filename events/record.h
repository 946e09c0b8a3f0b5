// Sync records: captured row changes, packed many to an event.
//
// Format of a pack (all integers are LEB128 varints unless said otherwise; a reader refuses
// anything else):
//   per record: head byte, table, before length, before bytes, after length, after bytes [, cause]
//     head byte   bits 0-1 operation, bit 2 derived (a cause follows), bits 3-7 zero
//     table       index into the event's list of tables
//     before      row image before the change, empty where the source has none
//     after       row image after the change, empty for a delete
//     cause       sequence of the record whose write made the target's own rules change this row
// A record's sequence is the event's sequence plus its index, its source position the event's
// commit position and `first_index` plus its index.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/ids.h"
#include "events/result.h"

namespace dualwrite {

enum class operation : std::uint8_t { insert = 0, update = 1, remove = 2 };  // never renumber

// How far a source app was read: which life of it, and the commit in that life. Positions of
// different incarnations do not compare; the connector decides whether one goes on from the other.
struct source_position {
  std::uint64_t incarnation = 0;
  std::uint64_t commit = 0;

  friend constexpr auto operator<=>(source_position const&, source_position const&) = default;
};

// One record inside a pack. The views live as long as the pack.
struct sync_record {
  std::uint32_t index = 0;
  std::uint32_t table = 0;
  operation op = operation::insert;
  std::string_view before;
  std::string_view after;
  sequence cause;  // not zero: derived by the target's own rules from the write of that record
};

class record_packer {
 public:
  // Appends a record; `index` is given by the pack.
  // Errors: none, the images are taken as they are.
  void add(sync_record const& record);
  std::uint32_t count() const { return count_; }
  std::size_t size() const { return bytes_.size(); }
  std::string const& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

// Reads a pack from front to back.
//
// Errors: `event_malformed` where the bytes end early or say what they cannot; next() then stays
// there.
class record_reader {
 public:
  explicit record_reader(std::string_view pack) : rest_(pack) {}
  [[nodiscard]] result<std::optional<sync_record>> next();

 private:
  std::string_view rest_;
  std::uint32_t index_ = 0;
};

}  // namespace dualwrite
