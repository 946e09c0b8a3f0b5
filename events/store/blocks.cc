#include "events/store/blocks.h"

#include <algorithm>

namespace dualwrite {

void keep_first_of_stream(std::vector<posting>& postings) {
  std::sort(postings.begin(), postings.end());
  auto const same = [](posting const& a, posting const& b) { return a.stream == b.stream; };
  postings.erase(std::unique(postings.begin(), postings.end(), same), postings.end());
}

std::vector<posting> postings_of(sequence block, std::span<encoded_event const> events) {
  std::vector<posting> postings;
  auto at = block;
  for (auto const& event : events) {
    // Most events follow one of the same stream; the rest is sorted out below.
    if (postings.empty() || postings.back().stream != event.stream) {
      postings.push_back({event.stream, at, block});
    }
    at = at + event.span;
  }
  keep_first_of_stream(postings);
  return postings;
}

}  // namespace dualwrite
