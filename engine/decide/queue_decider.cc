#include "engine/decide/queue_decider.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};
constexpr std::uint32_t levels[] = {50, 80, 95, 100};
// A queue that moves about a level says so once: it has to fall by so much before it left it.
constexpr std::uint64_t slack_percent = 10;

struct share {
  queue_measure measure = queue_measure::records;
  std::uint64_t measured = 0, limit = 0;

  std::uint64_t percent() const {
    if (limit == 0) return 0;
    return static_cast<std::uint64_t>(static_cast<double>(measured) * 100 /
                                      static_cast<double>(limit));
  }
};

std::uint32_t level_at(std::uint64_t percent) {
  std::uint32_t reached = 0;
  for (auto const level : levels)
    if (percent >= level) reached = level;
  return reached;
}

struct queue_reading {
  projections::views const& state;
  map_id map;
  queue_limits const& limits;
  instant now;
  queue_size size = queue_of(state, map, now);

  std::uint64_t age() const {
    auto const waits = size.oldest ? (now - *size.oldest).count() : 0;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, waits));
  }
  // Of the limit that is nearest.
  share nearest() const {
    auto const age_limit = static_cast<std::uint64_t>(limits.age.count());
    share out{queue_measure::records, size.records, limits.records};
    for (share const one : {share{queue_measure::bytes, size.bytes, limits.bytes},
                            share{queue_measure::age, age(), age_limit}})
      if (out.limit == 0 || one.percent() > out.percent()) out = one;
    return out;
  }
  std::uint32_t level(share const& reached) const {
    auto const known = state.queue_levels.of(map);
    auto const percent = reached.percent();
    return std::max(level_at(percent), std::min(known, level_at(percent + slack_percent)));
  }
  // When the oldest record's age alone comes to the next level.
  std::optional<instant> next_by_age() const {
    if (!size.oldest || limits.age.count() == 0) return std::nullopt;
    for (auto const level : levels) {
      // Rounded up, so that the share has been reached then.
      auto const when = *size.oldest + duration((limits.age.count() * level + 99) / 100);
      if (when > now) return when;
    }
    return std::nullopt;
  }
  // A map that has lost its limits leaves its level.
  bool is_watched() const {
    auto const* row = state.status.find(map);
    return row != nullptr && row->captures() && (limits.any() || state.queue_levels.of(map) != 0);
  }
  // At its limit a map that detaches is stopped as soon as no other request is at work on it.
  bool is_to_be_detached() const {
    auto const* row = state.status.find(map);
    return limits.detaches && !row->pending && level(nearest()) == 100;
  }
  bool is_due() const {
    if (!is_watched()) return false;
    return level(nearest()) != state.queue_levels.of(map) || is_to_be_detached();
  }
};

void detach(queue_reading const& reading, drafts& out) {
  auto const* row = reading.state.status.find(reading.map);
  stream_id const stream{stream_kind::map, reading.map.value};
  QueueOverflowed const over{reading.map, reading.state.checkpoint + 1};
  StopRequested const stop{reading.map, {}, "the queue is over its limit"};
  out.push_back(draft(stream, row->link, over));
  out.push_back(draft(stream, row->link, stop));
}

}  // namespace

queue_size queue_of(projections::views const& state, map_id map, instant now) {
  queue_size out;
  for (auto const way : both_ways) {
    auto const found = state.conservation.sums.find({map, way});
    if (found == state.conservation.sums.end() || found->second.queued() <= 0) continue;
    auto const& sums = found->second;
    out.records += static_cast<std::uint64_t>(sums.queued());
    out.bytes += sums.queued_bytes();
    auto const since = sums.waits_since(state.delivery.position(map, way), now);
    out.oldest = out.oldest ? std::min(*out.oldest, since) : since;
  }
  return out;
}

std::optional<instant> next_queue_level(projections::views const& state,
                                        limits_by_map const& limits,
                                        instant now) {
  std::optional<instant> next;
  for (auto const& [map, limit] : limits) {
    queue_reading const reading{state, map, limit, now};
    if (reading.is_due()) return now;
    if (!reading.is_watched()) continue;
    auto const by_age = reading.next_by_age();
    if (by_age) next = next ? std::min(*next, *by_age) : *by_age;
  }
  return next;
}

drafts decide_queue_levels(projections::views const& state,
                           limits_by_map const& limits,
                           instant now) {
  drafts out;
  for (auto const& [map, limit] : limits) {
    queue_reading const reading{state, map, limit, now};
    if (!reading.is_due()) continue;
    auto const nearest = reading.nearest();
    auto const level = reading.level(nearest);
    if (level != state.queue_levels.of(map)) {
      QueueLevelChanged const changed{map, level, nearest.measure, nearest.measured, nearest.limit};
      auto const link = state.status.find(map)->link;
      out.push_back(draft({stream_kind::map, map.value}, link, changed));
    }
    if (reading.is_to_be_detached()) detach(reading, out);
  }
  return out;
}

}  // namespace dualwrite::engine
