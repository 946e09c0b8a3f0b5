// A part of a list, and where the next one begins.
#pragma once

#include <boost/json/array.hpp>

#include "engine/api/api_request.h"

namespace dualwrite::engine {

// A cursor is for handing back only; it holds the last id that was given.
struct page_wish {
  std::size_t limit = 100;
  std::uint64_t behind = 0;  // zero: from the beginning

  // Errors: `request_invalid`.
  [[nodiscard]] static result<page_wish> from(api_request const& request);
};

// The part of a short list that is made whole: of things in the order of their ids, or of things
// without ids, by their places in the list.
[[nodiscard]] api_reply page_of(boost::json::array items, page_wish const& wish);

[[nodiscard]] std::string print_cursor(std::uint64_t behind);
[[nodiscard]] api_reply page_reply(boost::json::array items, std::uint64_t next);

}  // namespace dualwrite::engine
