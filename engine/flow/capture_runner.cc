#include "engine/flow/capture_runner.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "engine/flow/app_breaker.h"
#include "engine/flow/copy_chunk.h"
#include "engine/flow/table_watch.h"
#include "events/row_image.h"

namespace dualwrite::engine {

using boost::asio::experimental::awaitable_operators::operator&&;

capture_runner::capture_runner(link_context& context, side of, target_session& back)
    : context_(context), side_(of), back_(back), wake_(context.executor) {
  context_.log.add_listener(wake_);
}

capture_runner::~capture_runner() {
  context_.log.remove_listener(wake_);
}

// Until the source is ready for more tables those that are captured go on.
async<bool> capture_runner::has_to_wait() {
  if (context_.time.now() < asks_again_at_) co_return true;
  std::vector<std::string> names;
  for (auto const& [table, entry] : wanted()) names.push_back(table);
  auto const ready = co_await context_.source(side_).prepare_capture(std::move(names));
  bool const waits = !ready && ready.error().code == error_code::app_busy;
  if (waits && held_up_ == 0) DW_CO_CHECK(co_await tell_failed(context_, failed(), ready.error()));
  held_up_ = waits ? held_up_ + 1 : 0;
  asks_again_at_ = waits ? context_.time.now() + backoff(context_.options, held_up_) : instant{};
  co_return waits;
}

async<void> capture_runner::run() {
  while (true) {
    if (!started_ && !is_kept() && wanted().empty()) {
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    DW_CO_CHECK(co_await wait_while_away(context_, side_, wake_));
    auto const now = wanted();
    // Where a table was waited for and is not wanted any more, it is to leave what was made ready.
    bool goes_on = started_ && held_up_ == 0 && is_all(context_, side_, tables_, now);
    bool is_ready = false;
    if (started_ && !goes_on && is_part(context_, side_, tables_, now)) {
      DW_CO_TRY(goes_on, co_await has_to_wait());
      is_ready = !goes_on;
    }
    result<void> how;
    if (goes_on) {
      how = co_await step();
    } else {
      how = co_await start(is_ready);
    }
    if (how) {
      // An app that was away may have lost what was written to it last.
      if (std::exchange(failures_, 0) > 0) back_.doubt();
      continue;
    }
    started_ = false;
    if (is_drift(how.error().code)) {
      auto const looked = co_await look_at_tables(context_, side_);
      if (looked && how.error().code == error_code::table_changed) continue;
      if (!looked) how = looked;
    }
    bool const is_untold = how.error().code == error_code::invalid_definition &&
                           !context_.source(side_).lost_tables().empty();
    if (is_loss(how.error().code) || is_untold) {
      DW_CO_CHECK(co_await lost_source(how.error()));
    } else if (ends_engine(how.error().code)) {
      co_return how;
    } else {
      DW_CO_CHECK(co_await rest(how.error()));
    }
  }
}

// Goes on behind what was captured last. What is new is left for later unless it is ready: it may
// have to wait. Where no map needs it any more the app need not keep anything for it.
async<void> capture_runner::start(bool with_new_ones) {
  open_.reset();
  ahead_.reset();
  unacknowledged_.reset();
  held_up_ = 0;
  asks_again_at_ = {};
  // Its tables may have changed while nobody looked.
  if (!wanted().empty()) DW_CO_CHECK(co_await look_at_tables(context_, side_));
  auto tables = with_new_ones ? wanted() : captured_ones(context_, side_, wanted());
  auto const before = known();
  auto at = before ? before->captured : source_position{};
  if (tables.empty()) {
    DW_CO_CHECK(co_await context_.source(side_).end_capture());
  } else {
    tried_ = true;
    auto named = to_capture(context_, side_, tables);
    DW_CO_TRY(at, co_await context_.source(side_).open_capture(std::move(named), before));
  }
  CaptureStarted event{context_.link, side_, context_.app(side_), at.incarnation, at.commit, {}};
  event.life = at.incarnation;
  for (auto const& [table, entry] : tables) event.tables.push_back({entry.schema, entry.maps});
  DW_CO_CHECK(co_await say_started(std::move(event), before));
  for (auto& [table, entry] : tables) {
    auto const& seen = context_.views().status.schemas.at(entry.schema);
    DW_CO_TRY(auto const schema, decode_schema(seen.schema));
    entry.reads_all = entry.read.size() == schema.columns.size();
  }
  tables_ = std::move(tables);
  started_ = tried_ = !tables_.empty();
  co_return result<void>{};
}

projections::capture_row const& capture_runner::capture() const {
  return context_.views().delivery.captures.at({context_.link, side_});
}

bool capture_runner::is_kept() const {
  if (tried_ || !context_.views().status.links.contains(context_.link)) return tried_;
  auto const& all = context_.views().delivery.captures;
  auto const found = all.find({context_.link, side_});
  return found != all.end() && !found->second.maps.empty();
}

std::uint64_t capture_runner::read_upto(projections::views const& state) const {
  auto const incarnation = capture().at.incarnation;
  return state.progress.read_upto(context_.link, state.delivery.links, side_, incarnation);
}

std::optional<source_progress> capture_runner::known() const {
  auto const& all = context_.views().delivery.captures;
  auto const found = all.find({context_.link, side_});
  if (found == all.end()) return std::nullopt;
  auto const& maps = found->second.maps;
  bool const is_needed = std::any_of(
      maps.begin(), maps.end(), [&](map_id map) { return is_captured(context_, side_, map); });
  if (!is_needed) return std::nullopt;
  source_position const captured{found->second.life, found->second.at.commit};
  return source_progress(captured, read_upto(context_.views()));
}

// Another server has taken the place of the former one where it has all that is in our log, which
// may have grown since it was asked.
async<void> capture_runner::say_started(CaptureStarted event,
                                        std::optional<source_progress> before) {
  bool const is_another = before && before->captured.incarnation != event.life;
  if (before) event.incarnation = capture().at.incarnation;
  bool const is_new = is_another || !before;
  if (is_another) back_.doubt();
  if (is_new) ++context_.opening_of(side_);
  decision told = [=, this](projections::views const& state) -> result<drafts> {
    if (!state.status.links.contains(context_.link)) return drafts{};
    if (is_another && read_upto(state) > before->read)
      return error{error_code::app_busy, "rows of the former server have come meanwhile"};
    drafts events;
    events.push_back(draft({stream_kind::link, context_.link.value}, context_.link, event));
    return events;
  };
  auto const said = co_await context_.log.decide(std::move(told));
  if (is_new) ++context_.opening_of(side_);
  DW_CO_CHECK(said);
  co_return result<void>{};
}

// Positions are of the incarnation that we know the app by.
async<std::vector<captured_transaction>> capture_runner::read() {
  DW_CO_TRY(auto parts,
            co_await context_.source(side_).next(context_.options.capture_transactions_max,
                                                 context_.options.capture_patience));
  auto const& now = capture();
  for (auto& part : parts) {
    if (part.position.incarnation == now.life) part.position.incarnation = now.at.incarnation;
  }
  co_return parts;
}

async<void> capture_runner::append(drafts events) {
  if (!events.empty()) DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

// Where there is surely more to read it is read while this is appended.
async<void> capture_runner::step() {
  if (!ahead_) ahead_ = co_await read();
  DW_CO_TRY(auto parts, *std::exchange(ahead_, std::nullopt));
  bool const is_quiet = parts.empty();
  std::size_t rows = 0;
  for (auto const& part : parts) rows += part.rows.size();
  bool const is_more = rows >= context_.options.batch_records_max ||
                       parts.size() == context_.options.capture_transactions_max ||
                       (!parts.empty() && !parts.back().ends);
  drafts events;
  std::optional<source_position> ended;
  for (auto& part : parts) {
    if (part.ends) ended = part.position;
    // A source sends again what it was not yet told is durable.
    auto const& at = capture().at;
    bool const again =
        part.position.incarnation == at.incarnation && part.position.commit <= at.commit;
    if (again) continue;
    if (part.begins && is_before_its_outcome(part)) {
      auto ready = std::exchange(events, {});
      if (!ready.empty()) DW_CO_CHECK(co_await context_.log.append(std::move(ready)));
      while (is_before_its_outcome(part)) DW_CO_CHECK(co_await wake_.wait());
    }
    if (part.begins && was_taken_back(part)) {
      // Neither is what follows it part of the app any more: it is asked anew.
      started_ = false;
      break;
    }
    if (part.begins) open_.emplace(begin(part));
    DW_CO_CHECK(take(std::move(part), events));
  }
  if (is_more && started_) {
    auto both = append(std::move(events)) && read();
    auto [appended, ahead] = co_await std::move(both);
    DW_CO_CHECK(appended);
    ahead_ = std::move(ahead);
  } else {
    DW_CO_CHECK(co_await append(std::move(events)));
  }
  if (!started_) co_return result<void>{};
  if (ended) unacknowledged_ = ended;
  co_return co_await acknowledge(is_quiet || is_more);
}

// At times, and when there is nothing else to do: each time costs as much as a small transaction.
async<void> capture_runner::acknowledge(bool at_once) {
  constexpr duration acknowledged_each = std::chrono::milliseconds(100);
  auto const now = context_.time.now();
  bool const is_due = at_once || now - acknowledged_at_ >= acknowledged_each;
  if (!unacknowledged_ || !is_due) co_return result<void>{};
  auto const upto = *std::exchange(unacknowledged_, std::nullopt);
  acknowledged_at_ = now;
  co_return co_await context_.source(side_).acknowledge(upto);
}

bool capture_runner::is_ours(captured_transaction const& transaction) const {
  auto const& mark = transaction.mark;
  return mark && mark->lane.log == context_.log.log().head().log &&
         mark->lane.link == context_.link;
}

// A batch of ours may come back before the reply that says so. What it decided has to be in the log
// before any change of somebody who has seen it.
bool capture_runner::is_before_its_outcome(captured_transaction const& transaction) const {
  if (!is_ours(transaction)) return false;
  auto const* lane = lane_of(*transaction.mark);
  return lane != nullptr && lane->batch < transaction.mark->batch &&
         lane->session <= transaction.mark->session;
}

// A session begins with what the app holds of the ones before: a batch of an older session that is
// not part of it never gets an outcome. The app was set back after it gave the transaction.
bool capture_runner::was_taken_back(captured_transaction const& transaction) const {
  if (!is_ours(transaction)) return false;
  auto const* lane = lane_of(*transaction.mark);
  return lane != nullptr && lane->batch < transaction.mark->batch;
}

projections::lane_row const* capture_runner::lane_of(batch_mark const& mark) const {
  return context_.views().delivery.lane({mark.lane.link, mark.lane.way, mark.lane.lane});
}

capture_runner::open_transaction capture_runner::begin(captured_transaction const& part) const {
  RecordsCaptured common;
  common.link = context_.link;
  common.of = side_;
  common.incarnation = part.position.incarnation;
  common.commit = part.position.commit;
  common.committed_at = part.committed_at;
  open_transaction out{record_blocks(common, context_.options.capture_bytes_max)};
  if (is_ours(part)) out.ours = {part.mark->lane.way, part.mark->lane.lane, part.mark->batch};
  return out;
}

result<void> capture_runner::take(captured_transaction part, drafts& events) {
  auto const& ours = open_->ours;
  if (!ours) {
    for (auto const& row : part.rows) add(row, {});
  } else if (context_.ledger.knows(*ours, part.mark->session) &&
             !context_.faults.echo_by_tag_alone) {
    for (auto& row : part.rows) DW_CHECK(take_ours(std::move(row), *ours));
  }
  if (part.ends) {
    end(part, events);
  } else {
    for (auto& block : open_->blocks.take(false)) events.push_back(std::move(block));
  }
  return {};
}

// With the last part it is known what became of the whole.
void capture_runner::end(captured_transaction const& last, drafts& events) {
  if (auto const& ours = open_->ours) {
    EchoSeen const seen{context_.link,
                        ours->way,
                        ours->lane,
                        last.mark->session,
                        ours->batch,
                        last.position.incarnation,
                        last.position.commit,
                        open_->echoed};
    events.push_back(draft({stream_kind::link, context_.link.value}, context_.link, seen));
    for (auto const& [number, one] : open_->derived.all()) add(one.row, one.cause);
    context_.ledger.came_back(*ours, last.position);
  }
  for (auto& block : open_->blocks.take(true)) events.push_back(std::move(block));
  open_.reset();
}

// Of what the maps do not read nothing is kept.
void capture_runner::add(captured_row const& row, sequence cause, map_id map) {
  auto const table = tables_.find(row.table);
  if (table == tables_.end()) return;
  auto const& schema = table->second.schema;
  if (table->second.reads_all)
    return open_->blocks.add(schema, {0, 0, row.op, row.before, row.after, cause}, map);
  auto const mask = [&](std::string const& image) {
    auto values = image.empty() ? result<row_values>(row_values{}) : decode_row(image);
    return image.empty() || !values ? std::string{}
                                    : masked_row(std::move(*values), table->second.read);
  };
  auto const before = mask(row.before);
  auto const after = mask(row.after);
  open_->blocks.add(schema, {0, 0, row.op, before, after, cause}, map);
}

// What was captured from it is not what it holds now: going on from now would lose changes unseen,
// so its maps stop. Where it is known which tables that is true of, those of the others go on from
// where they are.
async<void> capture_runner::lost_source(error why) {
  auto const lost = context_.source(side_).lost_tables();
  auto decide = [this, why, lost](projections::views const& state) -> result<drafts> {
    drafts events;
    for (auto const& [table, entry] : only(wanted(), lost)) {
      for (auto const map : entry.maps) {
        auto const& row = *state.status.find(map);
        if (row.pending_kind == event_type::StopRequested) continue;
        auto const reason = fmt::format(
            "{}: {}. Both sides have to be compared anew: dualwrite map run {}/{} --initial-sync",
            name_of(why.code),
            why.detail,
            state.status.links.at(row.link).name,
            row.name);
        StopRequested const stop{map, {}, reason};
        events.push_back(draft({stream_kind::map, map.value}, context_.link, stop));
      }
    }
    return events;
  };
  decision stop = std::move(decide);
  DW_CO_CHECK(co_await context_.log.decide(std::move(stop)));
  co_return co_await rest(std::move(why));
}

async<void> capture_runner::rest(error why) {
  co_return co_await rest_after(context_, failed(), std::move(why), ++failures_);
}

AttemptFailed capture_runner::failed() const {
  AttemptFailed out;
  out.way = direction_from(side_);
  out.lane = projections::no_lane;
  out.app = context_.app(side_);
  return out;
}

}  // namespace dualwrite::engine
