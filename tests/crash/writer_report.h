// What the writer process says on its pipe. Fixed size, so that a reader knows a cut one.
#pragma once

#include <cstdint>

#include "events/hash_chain.h"

namespace dualwrite::tests {

enum class report_kind : std::uint32_t {
  opened = 1,   // `at` is the head, `chain` the digest at the sequence that was asked for
  trimmed = 2,  // the same, with a torn tail left behind
  acknowledged = 3,
  refused = 4,  // `at` is the error's code
};

struct writer_report {
  report_kind kind = report_kind::opened;
  std::uint32_t unused = 0;
  std::uint64_t at = 0;
  digest chain{};
};

}  // namespace dualwrite::tests
