#include "engine/flow/batch_reader.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace dualwrite::engine {
namespace {

// So many events are read past at once.
constexpr std::size_t events_max = 1000;

}  // namespace

batch_reader::batch_reader(link_context& context,
                           direction way,
                           sequence behind,
                           completion complete)
    : context_(context),
      way_(way),
      complete_(std::move(complete)),
      cursor_(
          context.log.log(), context.link, way, context.app(source_of(way)), behind, events_max),
      planner_(context, way) {}

result<ready_batch> batch_reader::next(std::vector<map_id> members,
                                       std::function<bool()> const& may_read) {
  members_ = std::move(members);
  behind_ = cursor_.position();
  in_parts_ = may_come_in_parts();
  DW_CHECK(read(may_read));
  return take();
}

result<ready_batch> batch_reader::next_part(outcome_so_far const& before) {
  planner_.heed(before);
  DW_CHECK(read([] { return false; }));
  return take();
}

result<void> batch_reader::read(std::function<bool()> const& may_read) {
  while (is_inside_ ? !in_parts_ || !planner_.is_full() : !planner_.is_full() && may_read()) {
    DW_TRY(auto const unit, cursor_.next(context_.views().checkpoint));
    if (!unit && is_inside_) continue;  // that it ends is known
    if (!unit) return {};
    for (auto const& item : unit->items) DW_CHECK(planner_.add(item, members_));
    is_inside_ = !unit->ends;
  }
  return {};
}

ready_batch batch_reader::take() {
  auto batch = is_inside_ ? planner_.take_part() : planner_.take();
  batch.goes_on = is_inside_;
  batch.members = members_;
  batch.plan->behind = behind_;
  batch.plan->position = cursor_.position();
  complete_(batch);
  return batch;
}

bool batch_reader::may_come_in_parts() const {
  if (!context_.target(target_of(way_)).takes_parts()) return false;
  return std::none_of(members_.begin(), members_.end(), [&](map_id map) {
    auto const compiled = context_.maps.get(context_.views(), map);
    return compiled && ((*compiled)->definition().park_whole_transaction ||
                        (*compiled)->definition().delete_guard.any());
  });
}

async<void> let_others_run(boost::asio::any_io_executor on) {
  co_await boost::asio::post(on, boost::asio::use_awaitable);
  co_return result<void>{};
}

}  // namespace dualwrite::engine
