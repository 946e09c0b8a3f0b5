#include "engine/api/page.h"

#include <fmt/format.h>
#include <charconv>

namespace dualwrite::engine {

constexpr std::uint64_t limit_max = 1000;

result<page_wish> page_wish::from(api_request const& request) {
  page_wish wish;
  DW_TRY(auto const limit, request.number("limit", wish.limit, limit_max));
  if (limit == 0) return error{error_code::request_invalid, "'limit' has to be at least 1."};
  wish.limit = static_cast<std::size_t>(limit);
  auto const cursor = request.asked("cursor");
  if (cursor.empty()) return wish;
  auto const end = cursor.data() + cursor.size();
  auto const [stopped_at, failed] = std::from_chars(cursor.data() + 1, end, wish.behind, 16);
  if (cursor.front() != 'c' || failed != std::errc{} || stopped_at != end) {
    return error{error_code::request_invalid, "'cursor' is not one that this server gave."};
  }
  return wish;
}

std::string print_cursor(std::uint64_t behind) {
  return fmt::format("c{:x}", behind);
}

api_reply page_reply(boost::json::array items, std::uint64_t next) {
  boost::json::object body;
  body["items"] = std::move(items);
  body["next_cursor"] =
      next == 0 ? boost::json::value(nullptr) : boost::json::value(print_cursor(next));
  return json_reply(body);
}

}  // namespace dualwrite::engine
