// What alert rules cost where events are appended: the sequencer with its folds and the log on
// disk, with no rules and with a thousand, in turns. Of a hundred captured records one is refused
// and parked. Prints a table of medians of 21 rounds. The cost is in processor time of all threads,
// compared within a round: on a shared machine the clock on the wall says more about neighbours.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "bench/appender.h"
#include "bench/rows.h"

namespace dualwrite::bench {
namespace {

using namespace engine;
using steady = std::chrono::steady_clock;

constexpr std::uint32_t records = 100;  // of a captured transaction; one of them is refused
constexpr std::size_t transactions = 30'000;
constexpr std::size_t callers = 64;
constexpr int rounds = 21;

// Where the rules are: nowhere, on all links, or all on one and about all its maps.
enum class layout { none, spread, on_one_link };

// Thresholds that are met now and then; half of them are about one map each.
void add_rule(appender& to, std::size_t number, layout where) {
  auto const maps = where == layout::spread ? to.maps().size() : appender::maps_of_a_link;
  auto const& [link, map] = to.maps()[number % maps];
  create_alert_rule rule;
  rule.link = link;
  rule.terms.name = fmt::format("rule{}", number);
  rule.terms.classes = {fault_class::application, fault_class::mapping};
  rule.terms.count = static_cast<std::uint32_t>(50 + number % 100);
  rule.terms.within_us = 60'000'000;
  if (where == layout::spread && number % 2 == 0) rule.terms.maps = {map};
  rule.terms.at_once = true;
  to.submit(rule);
}

// Made once: to make rows is not what is measured.
std::vector<record_packer> const& packs() {
  static auto const made = [] {
    row_maker rows;
    std::vector<record_packer> out;
    for (int i = 0; i < 64; ++i) out.push_back(rows.pack(records));
    return out;
  }();
  return made;
}

drafts transaction(working_map const& of, std::size_t at) {
  RecordsCaptured captured;
  captured.link = of.link;
  captured.commit = at;
  captured.count = records;
  captured.tables = {{schema_id{1}, records}};
  captured.records = blob{packs()[at % packs().size()].bytes()};
  drafts out;
  out.push_back(draft({stream_kind::link, of.link.value}, of.link, captured));
  out.back().span = records;
  RecordParked parked;
  parked.map = of.map;
  parked.record = sequence{at + 1};
  parked.kind = fault_class::application;
  parked.code = "CHECK";
  parked.text = "the balance must not be negative";
  auto const key = std::to_string(at);
  parked.key = blob{key};
  out.push_back(draft({stream_kind::map, of.map.value}, of.link, parked));
  return out;
}

struct figures {
  std::vector<double> seconds;
  std::vector<double> processor_seconds;
  std::uint64_t fired = 0;
};

double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

figures run(layout where, figures so_far) {
  auto const folder = std::filesystem::temp_directory_path() / "dualwrite-bench-alerts";
  {
    appender to(folder);
    if (where != layout::none) {
      for (std::size_t one = 0; one < 1'000; ++one) add_rule(to, one, where);
    }
    auto const worked = std::clock();
    auto const begun = steady::now();
    to.append(transactions, callers, [&](std::size_t at) {
      return transaction(to.maps()[at % to.maps().size()], at);
    });
    so_far.seconds.push_back(std::chrono::duration<double>(steady::now() - begun).count());
    so_far.processor_seconds.push_back(static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC);
    so_far.fired = 0;
    for (auto const& [id, row] : to.views().alerts.rules) so_far.fired += row.fired;
  }
  std::filesystem::remove_all(folder);
  return so_far;
}

double cost(figures const& of, figures const& base) {
  std::vector<double> ratios;
  for (int i = 0; i < rounds; ++i)
    ratios.push_back(of.processor_seconds[i] / base.processor_seconds[i]);
  return 100 * (median(ratios) - 1);
}

void measure() {
  static_cast<void>(packs());
  figures of[3];
  for (int round = 0; round < rounds; ++round) {
    for (auto const where : {layout::none, layout::spread, layout::on_one_link}) {
      auto& mine = of[static_cast<std::size_t>(where)];
      mine = run(where, std::move(mine));
    }
  }
  constexpr char const* names[] = {
      "no rules", "1000 rules on 20 links", "1000 rules on one link of 20"};
  for (std::size_t i = 0; i < 3; ++i) {
    fmt::print("{:<30}{:>12.0f} records/s{:>8.1f} %{:>8} firings\n",
               names[i],
               transactions * records / median(of[i].seconds),
               cost(of[i], of[0]),
               of[i].fired);
  }
}

}  // namespace
}  // namespace dualwrite::bench

int main() {
  dualwrite::bench::measure();
}
