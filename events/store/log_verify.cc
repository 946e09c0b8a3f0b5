#include "events/store/log_verify.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "events/assert.h"

namespace dualwrite {
namespace {

// More ranges than threads, so that none of them waits long for the last one.
constexpr std::uint64_t ranges_per_thread = 8;

struct range {
  sequence begin;
  sequence end;  // the first sequence after it

  // Found in it.
  std::optional<block_header> first;
  log_id former;  // of the first
  block_header last;
  std::uint64_t postings = 0;
  std::optional<error> bad;
};

// Decodes a block and looks up each of its postings in the index; returns how many there are.
result<std::uint64_t> check_content(block_view const& block,
                                    block_walk& walk,
                                    chunk_reader& reader) {
  DW_TRY(auto const postings, postings_of(block, reader));
  for (auto const& expected : postings) {
    DW_TRY(auto const found, walk.posting_at_or_after(expected.stream, expected.first));
    if (found != expected) {
      return error{error_code::log_corrupt, "The stream index misses an event.", expected.first};
    }
  }
  return postings.size();
}

class range_verifier {
 public:
  range_verifier(block_source const& source, range& of)
      : range_(of),
        walk_(source.walk(scan_kind::sequential)),
        index_(source.walk(scan_kind::single)) {}

  void run() {
    auto next = range_.begin;
    while (next < range_.end && !range_.bad) {
      if (auto const checked = check_block(next); !checked) {
        range_.bad = checked.error();
        if (!range_.bad->at) range_.bad->at = next;
      } else if (!*checked) {
        return;
      } else {
        next = range_.last.last + 1;
      }
    }
  }

 private:
  // False where the range has no more blocks.
  result<bool> check_block(sequence next) {
    DW_TRY(auto const bytes, walk_->block_at_or_after(next));
    if (!bytes) return false;
    DW_TRY(auto const block, block_view::open(*bytes));
    auto const& header = block.header();
    if (!(header.first < range_.end)) return false;
    if (range_.first) {
      DW_CHECK(check_order(range_.last, block));
    }
    DW_TRY(auto const postings, check_content(block, *index_, reader_));
    range_.postings += postings;
    if (!range_.first) {
      range_.first = header;
      range_.former = former_log(block);
    }
    range_.last = header;
    return true;
  }

  range& range_;
  std::unique_ptr<block_walk> walk_;
  std::unique_ptr<block_walk> index_;
  chunk_reader reader_;
};

std::vector<range> split(sequence from, sequence last, unsigned threads) {
  std::uint64_t const whole = last.value - from.value + 1;
  std::uint64_t const count = threads == 1 ? 1 : std::min(whole, threads * ranges_per_thread);
  std::uint64_t const step = (whole + count - 1) / count;
  std::vector<range> ranges;
  for (auto begin = from; !(begin > last); begin = begin + step) {
    ranges.push_back({begin, std::min(begin + step, last + 1), {}, {}, {}, 0, {}});
  }
  return ranges;
}

void run_all(block_source const& source, std::vector<range>& ranges, unsigned threads) {
  std::atomic<std::size_t> taken{0};
  auto const work = [&] {
    for (auto i = taken++; i < ranges.size(); i = taken++) range_verifier{source, ranges[i]}.run();
  };
  std::vector<std::jthread> pool;
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
}

// Where the verification starts: the block that holds `from`, and the one before it, which must
// lead to it.
struct start {
  sequence from;
  block_header before;
};

result<start> find_start(block_source const& source, log_head const& head, sequence from) {
  start at{sequence{1}, {head.log, {}, {}, {}, {}, {}, {}}};
  at.before.recorded_at = instant{INT64_MIN};
  auto const walk = source.walk(scan_kind::single);
  DW_TRY(auto const holding, walk->block_at_or_before(from));
  if (!holding) return at;
  DW_TRY(auto const block, block_view::open(*holding));
  at.from = block.header().first;
  // A log that was forked begins under the id of the first one.
  at.before.log = block.header().log;
  if (at.from == sequence{1}) return at;
  DW_TRY(auto const earlier, walk->block_at_or_before(at.from - 1));
  if (!earlier) return error{error_code::log_corrupt, "The log does not begin at 1.", sequence{1}};
  DW_TRY(auto const before, block_view::open(*earlier));
  at.before = before.header();
  return at;
}

// Joins the ranges in order and stops at the first thing that is wrong.
result<void> join(std::vector<range> const& ranges,
                  block_header before,
                  log_head const& head,
                  verify_report& report) {
  for (auto const& part : ranges) {
    if (part.first) {
      DW_CHECK(check_order(before, *part.first, part.former));
      before = part.last;
      report.events += part.last.last.value - part.first->first.value + 1;
      report.head = {before.log, before.last, before.chain, before.recorded_at};
    }
    if (part.bad) return *part.bad;
  }
  if (report.head == head) return {};
  return error{error_code::log_corrupt, "The log ends before its head.", report.head.at + 1};
}

result<void> verify_into(verify_report& report,
                         block_source const& source,
                         log_head const& head,
                         sequence from,
                         unsigned threads) {
  DW_TRY(auto const begin, find_start(source, head, from));
  auto const& before = begin.before;
  if (before.last) report.head = {before.log, before.last, before.chain, before.recorded_at};
  auto ranges = split(begin.from, head.at, threads);
  run_all(source, ranges, threads);
  DW_CHECK(join(ranges, before, head, report));

  std::uint64_t expected = 0;
  for (auto const& part : ranges) expected += part.postings;
  DW_TRY(auto const found, source.walk(scan_kind::sequential)->posting_count(begin.from, head.at));
  if (found == expected) return {};
  return error{
      error_code::log_corrupt, "The stream index names events that are not there.", begin.from};
}

}  // namespace

verify_report verify_blocks(block_source const& source,
                            log_head const& head,
                            sequence from,
                            unsigned threads) {
  DW_ASSERT(threads > 0);
  verify_report report;
  report.head.log = head.log;
  if (from > head.at) {
    report.head = head;
    return report;
  }
  if (auto const checked = verify_into(report, source, head, from, threads); !checked) {
    report.ok = false;
    report.first_bad = checked.error().at;
    report.reason = checked.error().detail;
  }
  return report;
}

}  // namespace dualwrite
