#include <boost/json/array.hpp>
#include <limits>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/event_wish.h"

namespace dualwrite::engine {
namespace {

// How many events one request looks at for those that match, and about how many records it shows;
// the cursor goes on from there.
constexpr std::size_t events_looked_at_max = 20'000;
constexpr std::size_t records_shown_max = 5'000;

// Fills one page.
class event_page {
 public:
  event_page(api_context& context, event_wish const& wish)
      : context_(context), wish_(wish), cursor_(context.log.read(wish.read)) {}

  result<api_reply> fill() {
    if (!wish_.read.backward && wish_.page.behind == 0) DW_CHECK(put_request());
    for (std::size_t looked_at = 0; looked_at < events_looked_at_max && has_room(); ++looked_at) {
      DW_TRY(auto const stored, cursor_->next());
      if (!stored || wish_.ends_before(*stored)) {
        more_ = false;
        break;
      }
      next_ = wish_.read.backward ? stored->at.value : stored->last().value;
      DW_CHECK(put(*stored));
    }
    if (wish_.read.backward && !more_) DW_CHECK(put_request());
    if (wish_.read.backward && next_ <= 1) more_ = false;
    return page_reply(std::move(items_), more_ ? next_ : 0);
  }

 private:
  bool has_room() const { return items_.size() < wish_.page.limit && records_ < records_shown_max; }

  // What a request led to is shown with the request itself, which cannot name its own sequence.
  result<void> put_request() {
    if (!wish_.read.correlation) return {};
    auto const at = *wish_.read.correlation;
    bool const inside = wish_.read.backward ? !(at > wish_.read.from) : !(at < wish_.read.from);
    if (!inside || at > context_.log.head().at) return {};
    auto const cursor = context_.log.read({at, false});
    DW_TRY(auto const stored, cursor->next());
    bool const on_time = (!wish_.since || !(stored->recorded_at < *wish_.since)) &&
                         (!wish_.until || !(stored->recorded_at > *wish_.until));
    bool const in_stream = !wish_.read.stream || stored->stream == *wish_.read.stream;
    return on_time && in_stream ? put(*stored) : result<void>{};
  }

  result<void> put(stored_event const& stored) {
    DW_TRY(auto const event, decode(stored));
    if (!wish_.type.empty() && name_of_type(event) != wish_.type) return {};
    auto const limit = wish_.with_records ? std::numeric_limits<std::size_t>::max() : 0;
    auto json = event_json(context_.views(), event, limit);
    if (wish_.with_records) records_ += event.span;
    if (wish_.as_cloud_events) json = cloud_event_json(context_.log.head().log, std::move(json));
    items_.push_back(std::move(json));
    return {};
  }

  api_context& context_;
  event_wish const& wish_;
  std::unique_ptr<event_cursor> cursor_;
  boost::json::array items_;
  std::size_t records_ = 0;
  std::uint64_t next_ = 0;
  bool more_ = true;
};

}  // namespace

async<api_reply> list_events(api_context& context, api_request request) {
  DW_CO_TRY(auto const wish, event_wish::from(context, request));
  event_page page(context, wish);
  co_return page.fill();
}

async<api_reply> show_event(api_context& context, api_request request) {
  constexpr std::size_t records_of_one_max = 100;
  DW_CO_TRY(auto const at, parse_number(request.parts["sequence"]));
  auto const cursor = context.log.read({sequence{at}, false, {}});
  DW_CO_TRY(auto const stored, cursor->next());
  if (!stored || at == 0) co_return error{error_code::sequence_not_found, {}, sequence{at}};
  DW_CO_TRY(auto const event, decode(*stored));
  co_return json_reply(event_json(context.views(), event, records_of_one_max));
}

}  // namespace dualwrite::engine
