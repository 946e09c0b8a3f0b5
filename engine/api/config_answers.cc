#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/apply_config.h"
#include "engine/api/json_forms.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

boost::json::array steps_json(std::vector<plan_step> const& steps) {
  boost::json::array json;
  for (auto const& step : steps) {
    boost::json::object one;
    one["action"] = name_of(step.action);
    one["kind"] = name_of(step.thing);
    one["name"] = step.name;
    one["detail"] = utf8(step.detail);
    one["acts"] = step.acts();
    json.push_back(std::move(one));
  }
  return json;
}

result<server_config> read_config(api_context const& context) {
  std::string warnings;
  return load_config_file(context.config_path, process_secrets(), warnings);
}

api_reply plan_reply(std::vector<plan_step> const& steps, bool applied) {
  boost::json::object body;
  body["applied"] = applied;
  body["steps"] = steps_json(steps);
  body["text"] = utf8(format_plan(steps));
  return json_reply(body);
}

}  // namespace

async<api_reply> plan_config(api_context& context, api_request request) {
  DW_CO_TRY(auto const config, read_config(context));
  auto const steps = reconcile(context.views(), config, {true, request.flag("prune")});
  co_return plan_reply(steps, false);
}

async<api_reply> apply_config(api_context& context, api_request request) {
  DW_CO_TRY(auto config, read_config(context));
  reconcile_wish const wish{true, request.flag("prune")};
  auto actor = request.actor;
  DW_CO_TRY(auto const steps,
            co_await make_so(context.core, std::move(config), wish, std::move(actor)));
  co_return plan_reply(steps, true);
}

}  // namespace dualwrite::engine
