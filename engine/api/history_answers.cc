#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/history_json.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

result<map_id> map_asked(api_context const& context, api_request const& request) {
  auto const name = request.asked("map");
  if (name.empty()) return map_id{};
  return map_called(context.views(), name);
}

}  // namespace

async<api_reply> list_executions(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const only, map_asked(context, request));
  boost::json::array items;
  std::uint64_t next = 0;
  bool more = false;
  auto const& executions = context.views().progress.executions;
  for (auto row = executions.rbegin(); row != executions.rend(); ++row) {
    if (only && row->second.map != only) continue;
    if (page.behind != 0 && row->first.value >= page.behind) continue;
    if (items.size() >= page.limit) {
      more = true;
      break;
    }
    items.push_back(execution_json(context, row->first));
    next = row->first.value;
  }
  co_return page_reply(std::move(items), more ? next : 0);
}

async<api_reply> show_execution(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, execution_called(context.views(), request.parts["id"]));
  co_return json_reply(execution_json(context, id));
}

}  // namespace dualwrite::engine
