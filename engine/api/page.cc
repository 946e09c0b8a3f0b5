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

api_reply page_of(boost::json::array items, page_wish const& wish) {
  boost::json::array part;
  std::uint64_t place = 0, last = 0;
  for (auto& item : items) {
    ++place;
    auto const* id = item.as_object().if_contains("id");
    auto position = place;
    if (id != nullptr) std::from_chars(id->as_string().begin(), id->as_string().end(), position);
    if (position <= wish.behind) continue;
    if (part.size() == wish.limit) return page_reply(std::move(part), last);
    last = position;
    part.push_back(std::move(item));
  }
  return page_reply(std::move(part), 0);
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
