// What people asked to be done with catch-up errors, and how far it has come: one row for each
// request, with what became of each of its records.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

enum class operation_kind : std::uint8_t { retry = 0, remove = 1 };

enum class record_result : std::uint8_t {
  left = 0,       // it is to be tried yet
  succeeded = 1,  // written, or found equal
  failed = 2,     // refused again
  waits = 3,      // for another record; it goes on by itself
  ended = 4,      // it had been settled otherwise: superseded, beaten, discarded, purged
  deleted = 5,
  cancelled = 6,
};
inline constexpr std::size_t record_results = 7;

struct operation_row {
  map_id map;
  operation_kind kind = operation_kind::retry;
  instant asked, finished;
  std::string actor;
  bool is_cancelled = false;
  std::map<sequence, record_result> records;
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(record_results);
  DW_FIELDS(map, kind, asked, finished, actor, is_cancelled, records, counts);

  std::uint64_t count(record_result result) const {
    return counts[static_cast<std::size_t>(result)];
  }
  bool is_finished() const { return count(record_result::left) == 0; }
};

// Fed by RetryRequested, RetryCancelled and ParkedDeleted, and by what ends or fails a retry. Keeps
// what is at work and, of what has finished, the newest.
struct operations {
  static constexpr std::string_view name = "operations";
  static constexpr int version = 1;
  static constexpr std::size_t finished_max = 200;
  static constexpr std::size_t records_max = 500'000;

  std::map<sequence, operation_row> rows;                   // by the request
  std::map<std::pair<map_id, sequence>, sequence> at_work;  // of a record: the last that asked
  DW_FIELDS(rows, at_work);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
