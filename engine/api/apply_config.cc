#include "engine/api/apply_config.h"

namespace dualwrite::engine {

async<std::vector<plan_step>> make_so(engine& core,
                                      server_config config,
                                      reconcile_wish wish,
                                      std::string actor) {
  auto steps = reconcile(core.views(), config, wish);
  for (auto const& step : steps) {
    if (!step.acts()) continue;
    auto decide = [&config, &step, &actor](projections::views const& state) -> result<drafts> {
      origin const from{actor, {}, {}, {}};
      return decide_step(state, config, step, from);
    };
    DW_CO_CHECK(co_await core.log().decide(std::move(decide)));
  }
  co_return std::move(steps);
}

}  // namespace dualwrite::engine
