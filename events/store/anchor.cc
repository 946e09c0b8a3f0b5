#include "events/store/anchor.h"

#include <fmt/format.h>

namespace dualwrite {

result<void> check_anchor(std::optional<anchor> const& written, event_log const& log) {
  if (!written) return error{error_code::log_anchor_missing};
  auto const head = log.head();
  if (written->log != head.log) {
    return error{error_code::log_anchor_missing, "The anchor in its place belongs to another log."};
  }
  if (written->at > head.at) {
    return error{
        error_code::log_behind_anchor,
        fmt::format("The log ends at {}, the anchor is at {}.", head.at.value, written->at.value),
        head.at + 1};
  }
  if (written->at) {
    DW_TRY(auto const known, log.head_at(written->at));
    if (known.at != written->at || known.chain != written->chain) {
      return error{
          error_code::log_corrupt, "The anchor's digest is not on the chain.", written->at};
    }
  } else if (written->chain != digest{}) {
    return error{error_code::log_corrupt, "The anchor of an empty log has a digest."};
  }
  return {};
}

result<void> check_tail(std::optional<anchor> const& written, event_log const& log) {
  DW_CHECK(check_anchor(written, log));
  if (written->at == log.head().at) return {};
  auto const tail = log.verify(written->at + 1);
  if (!tail.ok) return error{error_code::log_corrupt, tail.reason, tail.first_bad};
  return {};
}

void note_anchor(verify_report& report, result<void> const& checked) {
  if (!report.ok || checked) return;
  report.ok = false;
  report.first_bad = checked.error().at;
  report.reason = to_string(checked.error());
}

}  // namespace dualwrite
