// Which events a request asks for, and how they are to look.
#pragma once

#include <optional>
#include <string>

#include "engine/api/api_context.h"
#include "engine/api/page.h"

namespace dualwrite::engine {

struct event_wish {
  read_request read{};
  page_wish page{};
  std::string type{};  // empty: all
  std::optional<instant> since{};
  std::optional<instant> until{};
  bool with_records = false;
  bool as_cloud_events = false;

  // Errors: `request_invalid`, those of map_called(), those of reading the log.
  [[nodiscard]] static result<event_wish> from(api_context const& context,
                                               api_request const& request);

  // Whether the reader is past what was asked for.
  bool ends_before(stored_event const& event) const;
};

// "2026-11-23T09:24:47Z", or "2h" for that long ago.
// Errors: `request_invalid`.
[[nodiscard]] result<instant> parse_when(std::string_view text, instant now);

}  // namespace dualwrite::engine
