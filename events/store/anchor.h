// The anchor: where the log ended when it was last acknowledged, kept outside of the log. A log
// cannot show by itself that its tail was cut away; against the anchor it can.
#pragma once

#include <optional>

#include "events/store/event_log.h"

namespace dualwrite {

struct anchor {
  log_id log;
  sequence at;
  digest chain{};

  friend bool operator==(anchor const&, anchor const&) = default;
};

[[nodiscard]] inline anchor anchor_of(log_head const& head) {
  return {head.log, head.at, head.chain};
}

// Whether `log` still holds everything up to the anchor, unchanged.
// Errors: `log_anchor_missing` where there is no anchor, or it is another log's;
// `log_behind_anchor` where acknowledged events are gone; `log_corrupt` where they are others.
[[nodiscard]] result<void> check_anchor(std::optional<anchor> const& written, event_log const& log);

// The same, and that the chain goes on from the anchor to the head: what opening a log asks.
[[nodiscard]] result<void> check_tail(std::optional<anchor> const& written, event_log const& log);

// Makes a report of what a comparison from outside found, where the blocks themselves were sound.
void note_anchor(verify_report& report, result<void> const& checked);

}  // namespace dualwrite
