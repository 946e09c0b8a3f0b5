#include "engine/decide/reference_circle.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

using references = std::map<sequence, std::set<sequence>>;

// Records that `from` leads to, of those within; itself among them where it is in a circle.
std::set<sequence> reached_from(sequence from,
                                references const& edges,
                                std::set<sequence> const* within) {
  std::set<sequence> out;
  std::vector<sequence> open{from};
  while (!open.empty()) {
    auto const found = edges.find(open.back());
    open.pop_back();
    if (found == edges.end()) continue;
    for (auto const to : found->second) {
      bool const is_within = within == nullptr || within->contains(to);
      if (is_within && out.insert(to).second) open.push_back(to);
    }
  }
  return out;
}

references turned(references const& edges, std::set<sequence> const& within) {
  references out;
  for (auto const from : within) {
    auto const found = edges.find(from);
    if (found == edges.end()) continue;
    for (auto const to : found->second) out[to].insert(from);
  }
  return out;
}

// One record of each circle that is closed by what its rows wait for now: each waits for one.
std::vector<sequence> closing_records(std::map<sequence, waiting_row> const& rows) {
  std::vector<sequence> out;
  std::map<sequence, sequence> passed;  // by the walk that began at
  for (auto const& [begin, row] : rows) {
    auto at = begin;
    while (rows.contains(at) && passed.emplace(at, begin).second) at = rows.at(at).waits_for;
    auto const met = passed.find(at);
    if (met != passed.end() && met->second == begin) out.push_back(at);
  }
  return out;
}

// The key columns that stand in for the rows that it refers to and that are not there yet.
std::vector<std::size_t> columns_of(circle_row const& row, target_write const& missing) {
  std::vector<std::size_t> out;
  auto const& write = row.write;
  for (std::size_t i = 0; i < write.columns.size(); ++i) {
    auto const column = write.columns[i];
    auto const& keys = write.key_columns;
    bool const may_be_null = row.schema->columns[column].nullable &&
                             std::find(keys.begin(), keys.end(), column) == keys.end();
    bool const refers =
        std::find(missing.key.begin(), missing.key.end(), write.values[i]) != missing.key.end();
    if (may_be_null && refers) out.push_back(i);
  }
  return out;
}

// In which order the rows are written, and which of their values are left out at first.
class arrangement {
 public:
  explicit arrangement(std::span<circle_row const> rows) : rows_(rows), is_written_(rows.size()) {}

  struct step {
    std::size_t row = 0;
    std::set<std::size_t> without{};
  };
  // The next row: if there is one, a row that can be written as it is, or else with NULL.
  step next() const {
    std::optional<step> possible;
    std::optional<std::size_t> any;
    for (std::size_t at = 0; at < rows_.size(); ++at) {
      if (is_written_[at]) continue;
      if (!any) any = at;
      auto const without = left_out(at);
      if (!without) continue;
      if (without->empty()) return {at, {}};
      if (!possible) possible = step{at, *without};
    }
    return possible ? *possible : step{*any, {}};
  }
  void write(std::size_t row) { is_written_[row] = true; }

 private:
  // Nothing where a row is missing that cannot be left out.
  std::optional<std::set<std::size_t>> left_out(std::size_t at) const {
    std::set<std::size_t> out;
    for (auto const other : rows_[at].refers_to) {
      if (is_written_[other] || other == at) continue;
      auto const columns = columns_of(rows_[at], rows_[other].write);
      if (columns.empty()) return std::nullopt;
      out.insert(columns.begin(), columns.end());
    }
    return out;
  }

  std::span<circle_row const> rows_;
  std::vector<bool> is_written_;
};

}  // namespace

std::vector<reference_circle> reference_circles::untried(std::span<waiting_row const> rows) const {
  std::map<sequence, waiting_row> by_record;
  for (auto const& row : rows) by_record.try_emplace(row.record, row);
  auto const closing = closing_records(by_record);
  references edges;
  for (auto const& [record, row] : by_record) {
    if (closing.empty()) break;
    auto& mine = edges[record];
    mine.insert(row.waits_for);
    auto const known = tried_.find({row.map, record});
    if (known != tried_.end()) mine.insert(known->second.begin(), known->second.end());
  }

  std::vector<reference_circle> out;
  std::set<sequence> passed;
  for (auto const begin : closing) {
    if (passed.contains(begin)) continue;
    auto const ahead = reached_from(begin, edges, nullptr);
    auto const circle = reached_from(begin, turned(edges, ahead), &ahead);
    passed.insert(circle.begin(), circle.end());
    bool is_new = false;
    bool is_closed = true;
    reference_circle members;
    for (auto const record : circle) {
      auto const& row = by_record.at(record);
      auto const tried = tried_.find({row.map, record});
      is_new = is_new || tried == tried_.end() || !tried->second.contains(row.waits_for);
      is_closed = is_closed && circle.contains(row.waits_for);
      circle_member member{row.map, record, {}};
      for (auto const to : edges.at(record)) {
        if (circle.contains(to)) member.refers_to.insert(to);
      }
      members.push_back(std::move(member));
    }
    if (is_new && is_closed) out.push_back(std::move(members));
  }
  return out;
}

void reference_circles::tried(reference_circle const& circle) {
  for (auto const& member : circle)
    tried_[{member.map, member.record}].insert(member.refers_to.begin(), member.refers_to.end());
}

std::set<sequence> reference_circles::members_tried() const {
  std::set<sequence> out;
  for (auto const& [member, references] : tried_) out.insert(member.second);
  return out;
}

void reference_circles::forget(map_id map, sequence record) {
  tried_.erase({map, record});
}

std::vector<place_in_writes> write_circle(std::span<circle_row const> rows,
                                          std::uint32_t group,
                                          std::vector<target_write>& to) {
  std::vector<place_in_writes> places(rows.size());
  std::vector<std::size_t> unfinished;
  auto const put = [&](std::size_t row) -> target_write& {
    places[row].last = to.size();
    auto& write = to.emplace_back(rows[row].write);
    write.group = group;
    write.whole_group = true;
    return write;
  };
  arrangement arranged(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto const step = arranged.next();
    arranged.write(step.row);
    auto& write = put(step.row);
    for (auto const column : step.without) write.values[column] = value::null();
    if (step.without.empty()) continue;
    places[step.row].first = places[step.row].last;
    unfinished.push_back(step.row);
  }
  for (auto const row : unfinished) {
    auto& write = put(row);
    // It is there by now, under its new key, if it is to be there at all.
    write.old_key.reset();
    if (write.kind == write_kind::insert_if_absent) write.kind = write_kind::update;
    write.behind = places[row].first;
  }
  return places;
}

}  // namespace dualwrite::engine
