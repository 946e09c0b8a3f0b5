// Appends to a log as fast as it can and says on standard output what was acknowledged, until it is
// killed.
//   log_writer FOLDER SEED GROUP_BYTES ASKED RESERVE_BYTES
// ASKED is the sequence whose chain digest the first report gives, zero for none.
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "events/endian.h"
#include "events/store/rocks_event_log.h"
#include "tests/crash/io_faults.h"
#include "tests/crash/writer_report.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

void say(report_kind kind, std::uint64_t at, digest const& chain = {}) {
  writer_report const report{kind, 0, at, chain};
  if (::write(STDOUT_FILENO, &report, sizeof report) != sizeof report) std::_Exit(4);
}

int refuse(error const& why) {
  say(report_kind::refused, static_cast<std::uint64_t>(why.code));
  return 3;
}

// Cuts events from a pool of random bytes: making new ones for each would leave little time in
// which to be killed.
std::vector<encoded_event> group_of(dice& dice,
                                    std::vector<std::byte> const& pool,
                                    std::size_t bytes) {
  std::vector<encoded_event> group;
  for (std::size_t sum = 0; sum < bytes; sum += group.back().bytes.size()) {
    auto const length = bytes / 100;
    auto const from = pool.begin() + static_cast<std::ptrdiff_t>(dice.below(pool.size() - length));
    group.push_back({{stream_kind::map, dice.below(3)},
                     link_id{1},
                     1,
                     {from, from + static_cast<std::ptrdiff_t>(length)}});
  }
  return group;
}

std::vector<std::byte> random_pool(dice& dice) {
  std::vector<std::byte> pool(256 * 1024);
  for (std::size_t at = 0; at < pool.size(); at += 8)
    store_little(pool.data() + at, dice.below(UINT64_MAX));
  return pool;
}

int run(char** arguments) {
  std::uint64_t const seed = std::stoull(arguments[2]);
  std::size_t const group_bytes = std::stoull(arguments[3]);
  sequence const asked{std::stoull(arguments[4])};

  rocks_log_options options;
  options.create = log_id{9};
  options.reserve_bytes = std::stoull(arguments[5]);
  options.ballast_bytes = 6 * 1024 * 1024;
  options.sizes = {1024 * 1024, 1024 * 1024};
  auto opened = rocks_event_log::open(arguments[1], options);
  if (!opened) return refuse(opened.error());
  auto& log = *opened->log;
  digest chain{};
  if (asked) {
    auto const known = log.head_at(asked);
    if (!known) return refuse(known.error());
    chain = known->chain;
  }
  say(opened->trimmed ? report_kind::trimmed : report_kind::opened, log.head().at.value, chain);

  dice dice{seed};
  auto const pool = random_pool(dice);
  count_io_faults();
  while (true) {
    auto const head =
        log.append(group_of(dice, pool, group_bytes), instant{1}, log.head().at, epoch{});
    if (!head) return refuse(head.error());
    say(report_kind::acknowledged, head->at.value, head->chain);
  }
}

}  // namespace
}  // namespace dualwrite::tests

int main(int count, char** arguments) {
  return count == 6 ? dualwrite::tests::run(arguments) : 2;
}
