#include "engine/flow/resume_watch.h"

#include <set>

#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

struct table_of_link {
  link_id link;
  side of;
  std::string name;
  friend auto operator<=>(table_of_link const&, table_of_link const&) = default;
};

std::set<table_of_link> tables_of(projections::map_status const& status,
                                  std::vector<map_id> const& maps) {
  std::set<table_of_link> out;
  for (auto const map : maps) {
    auto const* row = status.find(map);
    if (row == nullptr) continue;
    auto const definition = parse_definition(row->definition);
    if (!definition) continue;
    for (auto const of : {side::left, side::right})
      out.insert({row->link, of, definition->of(of).table});
  }
  return out;
}

}  // namespace

resume_watch::resume_watch(boost::asio::any_io_executor executor,
                           sequencer& log,
                           clock& time,
                           describer describe)
    : log_(log), time_(time), describe_(std::move(describe)), wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

resume_watch::~resume_watch() {
  log_.remove_listener(wake_);
}

async<void> resume_watch::run() {
  while (true) {
    auto next = next_resume(log_.views());
    if (!next) {
      DW_CO_CHECK(co_await wake_.wait());
    } else if (next->at > time_.now()) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, next->at));
    } else {
      DW_CO_CHECK(co_await probe(std::move(*next)));
    }
  }
}

async<void> resume_watch::probe(resume_due due) {
  auto maps = due.maps;
  DW_CO_TRY(auto const answer, co_await ask(std::move(maps)));
  auto decide = [due = std::move(due), answer, now = time_.now()](
                    projections::views const& state) -> result<drafts> {
    return decide_probed(state, due, answer, now);
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await log_.decide(std::move(told)));
  co_return result<void>{};
}

// An app answers when it can say what the tables of the maps look like.
async<probe_answer> resume_watch::ask(std::vector<map_id> maps) {
  for (auto const& table : tables_of(log_.views().status, maps)) {
    auto name = table.name;
    auto const seen = co_await describe_(table.link, table.of, std::move(name));
    if (seen) continue;
    auto const why = seen.error();
    if (why.code == error_code::stopped) co_return why;
    auto const link = log_.views().status.links.find(table.link);
    probe_answer silent;
    silent.answered = false;
    if (link != log_.views().status.links.end()) silent.app = link->second.app(table.of);
    silent.code = name_of(why.code);
    silent.text = why.detail;
    co_return silent;
  }
  co_return probe_answer{};
}

}  // namespace dualwrite::engine
