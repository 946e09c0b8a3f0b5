// A capture with no application around it, and what it gives as text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/connectors/postgresql/change_stream.h"
#include "events/row_image.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::engine::postgresql {

using way = change_stream::way;

class change_stream_under_test {
 public:
  change_stream_under_test(std::string url,
                           std::vector<captured_table> tables,
                           stretch_limits limits)
      : url_(std::move(url)),
        tables_(std::move(tables)),
        stream_(url_, "dualwrite", limits, std::chrono::seconds(30)) {}

  source_position open(std::optional<source_position> after = std::nullopt) {
    EXPECT_TRUE(control_.open(url_));
    auto const at = stream_.open(control_, tables_, after);
    EXPECT_TRUE(at) << to_string(at.error());
    return at ? *at : source_position{};
  }
  void close() { stream_.close(); }
  void acknowledge(source_position captured) {
    auto const told = stream_.acknowledge(captured);
    EXPECT_TRUE(told) << to_string(told.error());
  }
  way read_how() const { return stream_.read_how(); }

  // What is there.
  result<std::vector<captured_transaction>> read(std::size_t limit = 100) {
    return stream_.read(control_, limit);
  }
  // What is there, or comes while the server has more to say.
  result<std::vector<captured_transaction>> next(std::size_t limit = 100) {
    while (true) {
      auto got = read(limit);
      if (!got || !got->empty()) return got;
      pollfd from{stream_.socket(), POLLIN, 0};
      if (poll(&from, 1, patience_ms) != 1) return got;
    }
  }
  // As many as are expected, acknowledged as they come.
  std::vector<captured_transaction> captured(std::size_t count) {
    std::vector<captured_transaction> all;
    while (all.size() < count) {
      auto more = next(count - all.size());
      EXPECT_TRUE(more) << to_string(more.error());
      if (!more || more->empty()) break;
      acknowledge(more->back().position);
      for (auto& one : *more) all.push_back(std::move(one));
    }
    return all;
  }

  // Rows, of as many transactions as they may be in; there are no more to come.
  std::size_t captured_rows(std::size_t count) {
    std::size_t rows = 0;
    while (rows < count) {
      auto const more = captured(1);
      if (more.empty()) break;
      rows += more.front().rows.size();
    }
    return rows;
  }

 private:
  static constexpr int patience_ms = 10'000;

  std::string url_;
  std::vector<captured_table> tables_;
  connection control_;
  change_stream stream_;
};

// "+item(1,Ann,NULL)" and the like; "_" is what is not said, of bytes only their count is.
inline std::string show_value(value const& one) {
  if (one.is_unchanged()) return "_";
  if (one.type() == value_type::bytes) return std::to_string(one.as_string().size());
  return to_string(one);
}

inline std::string show(captured_transaction const& one) {
  std::string out;
  if (one.mark) out = fmt::format("batch{} ", one.mark->batch.value);
  for (auto const& row : one.rows) {
    out += row.op == operation::insert ? "+" : row.op == operation::update ? "~" : "-";
    out += row.table;
    auto const values = decode_row(row.op == operation::remove ? row.before : row.after);
    for (std::size_t i = 0; i < values->size(); ++i)
      out += (i == 0 ? "(" : ",") + show_value((*values)[i]);
    out += ")";
  }
  return out;
}

}  // namespace dualwrite::engine::postgresql
