#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {
namespace {

// How many events one request looks at for those that match; the cursor goes on from there.
constexpr std::size_t events_looked_at_max = 20'000;

result<read_request> reading(api_context const& context,
                             api_request const& request,
                             page_wish const& page) {
  read_request read;
  read.backward = request.flag("backward");
  auto const newest = context.log.head().at;
  DW_TRY(auto const from,
         request.number("from", read.backward ? newest.value : 1, ~std::uint64_t{0}));
  read.from = sequence{from};
  if (page.behind != 0) read.from = sequence{read.backward ? page.behind - 1 : page.behind + 1};
  if (auto const name = request.asked("map"); !name.empty()) {
    DW_TRY(auto const map, map_called(context.views(), name));
    read.stream = stream_id{stream_kind::map, map.value};
  }
  return read;
}

}  // namespace

async<api_reply> list_events(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const read, reading(context, request, page));
  auto const type = request.asked("type");
  boost::json::array items;
  std::uint64_t next = 0;
  bool more = true;
  auto const cursor = context.log.read(read);
  for (std::size_t looked_at = 0; looked_at < events_looked_at_max && items.size() < page.limit;
       ++looked_at) {
    DW_CO_TRY(auto const stored, cursor->next());
    if (!stored) {
      more = false;
      break;
    }
    next = read.backward ? stored->at.value : stored->last().value;
    DW_CO_TRY(auto const event, decode(*stored));
    auto json = event_json(event);
    if (!type.empty() && json.at("type").as_string() != type) continue;
    items.push_back(std::move(json));
  }
  if (read.backward && next <= 1) more = false;
  co_return page_reply(std::move(items), more ? next : 0);
}

async<api_reply> show_event(api_context& context, api_request request) {
  DW_CO_TRY(auto const at, parse_number(request.parts["sequence"]));
  auto const cursor = context.log.read({sequence{at}, false, {}});
  DW_CO_TRY(auto const stored, cursor->next());
  if (!stored || at == 0) co_return error{error_code::sequence_not_found, {}, sequence{at}};
  DW_CO_TRY(auto const event, decode(*stored));
  co_return json_reply(event_detail_json(context.views(), event));
}

async<api_reply> verify_log(api_context& context, api_request request) {
  DW_CO_TRY(auto const from, request.number("from", 1, ~std::uint64_t{0}));
  auto check = [&log = context.log, from]() -> result<verify_report> {
    return log.verify(sequence{from});
  };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const report, co_await blocking<verify_report>(pool, std::move(check)));
  co_return json_reply(verify_json(report));
}

}  // namespace dualwrite::engine
