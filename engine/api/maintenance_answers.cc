#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/config/config_keys.h"
#include "engine/config/scalars.h"

namespace dualwrite::engine {
namespace {

boost::json::object plan_json(api_context const& context,
                              plan_id id,
                              projections::plan_row const& plan) {
  auto const& state = context.views();
  auto const& terms = plan.terms;
  boost::json::object json;
  json["id"] = json_of(id);
  json["name"] = terms.name;
  json["link"] = link_name(state, plan.link);
  json["state"] = plan.open ? "under_way" : "planned";
  json["pause_at"] = print_moment(terms.pause_at);
  json["resume_at"] = print_moment(terms.resume_at);
  json["zone"] = terms.zone;
  json["repeat"] = repetition_choices()[static_cast<std::size_t>(terms.repeat)];
  json["notify"] = terms.notify;
  json["webhooks"] = terms.webhooks;
  json["announce_seconds"] = json_of(terms.announce_us / 1'000'000);
  auto const coming = coming_time(terms, plan.begun, context.time.now(), context.zones);
  if (!coming && !plan.open) json["state"] = "over";
  json["begins"] = plan.open ? json_of(plan.begun) : coming ? json_of(coming->begins) : nullptr;
  json["ends"] = plan.open ? json_of(plan.ends) : coming ? json_of(coming->ends) : nullptr;
  boost::json::array held;
  for (auto const map : plan.held) {
    auto const* row = state.status.find(map);
    if (row != nullptr) held.push_back(boost::json::value(row->name));
  }
  json["held_maps"] = std::move(held);
  return json;
}

}  // namespace

async<api_reply> list_maintenance(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  boost::json::array items;
  for (auto const& [id, plan] : context.views().maintenance.plans)
    items.push_back(plan_json(context, id, plan));
  co_return page_of(std::move(items), page);
}

}  // namespace dualwrite::engine
