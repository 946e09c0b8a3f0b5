#include "engine/connectors/postgresql/change_stream.h"

#include <fmt/format.h>
#include <poll.h>

#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/publication.h"

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

// How long a table may be another one before that is seen.
constexpr auto check_pause = 2s;

// What one read gives holds about so many bytes of messages at most.
constexpr std::size_t received_max = 4U << 20U;

// The rest of a transaction follows at once: going away until it has come would cost more than
// waiting for it. A read does not last longer for it than so many times so long.
constexpr int rest_waits_max = 100;
constexpr int rest_wait_ms = 1;

// The server keeps its log by files of this size: a slot that lags less keeps no file more.
constexpr std::uint64_t quiet_bytes_min = 16U << 20U;

// Whether something has come by then.
bool comes_soon(int socket) {
  pollfd watched{socket, POLLIN, 0};
  return ::poll(&watched, 1, rest_wait_ms) > 0;
}

}  // namespace

result<void> change_stream::check_goes_on(connection& on,
                                          slot_state const& slot,
                                          source_position after) const {
  DW_TRY(auto const head, head_of(on));
  if (after.commit > head.commit)
    return error{error_code::source_rewound,
                 "the server was set back behind what was captured from it"};
  if (!slot.is_there) return error{error_code::slot_lost, "the replication slot is gone"};
  if (slot.is_lost)
    return error{error_code::slot_lost, "the server has removed what the slot had to keep"};
  if (slot.confirmed <= after.commit) return {};
  DW_TRY(auto const name, slot_name(on, name_));
  DW_TRY(auto const quiet, find_quiet(on, name));
  if (!quiet || quiet->begin > after.commit || quiet->end < slot.confirmed)
    return error{error_code::slot_lost,
                 "the replication slot was made anew or moved: it stands behind changes that were "
                 "not captured"};
  return {};
}

result<void> change_stream::check_identities(connection& on,
                                             std::vector<table_facts> const& tables) {
  DW_TRY(auto const* without, find_without_identity(on, tables));
  if (without == nullptr) return {};
  lost_ = {without->schema.table};
  return error{error_code::invalid_definition,
               fmt::format("{0} has no replica identity: ALTER TABLE {0} REPLICA IDENTITY FULL",
                           without->sql_name)};
}

// What the stream gives of tables that it was not opened for is left out.
result<void> change_stream::prepare(connection& on, std::vector<std::string> const& tables) {
  DW_CHECK(on.open(url_));
  DW_CHECK(install(on));
  DW_TRY(auto const facts, describe_tables(on, tables));
  DW_CHECK(check_identities(on, facts));
  DW_CHECK(publish(on, name_, facts));
  return await_early_writers(on, name_);
}

result<source_position> change_stream::open(connection& on,
                                            std::vector<captured_table> const& tables,
                                            std::optional<source_progress> known) {
  close();
  lost_.clear();
  std::vector<std::string> names;
  for (auto const& one : tables) names.push_back(one.table);
  DW_CHECK(install(on));
  DW_TRY(auto const now, life_.begin(on, known));
  DW_TRY(auto const name, slot_name(on, name_));
  // Who streams from the slot still is given the tables as they were published for him, and what he
  // is told yet moves it: what is looked at behind him counts.
  DW_CHECK(wait_until_free(on, name));
  DW_TRY(auto slot, look_at_slot(on, name));
  if (known) {
    DW_CHECK(check_goes_on(on, slot, known->captured));
    DW_CHECK(check_captured(on, &names));
  }
  DW_TRY(auto facts, describe_tables(on, names));
  for (std::size_t i = 0; i < facts.size(); ++i) facts[i].known_before = tables[i].known_before;
  DW_CHECK(check_identities(on, facts));
  DW_CHECK(publish(on, name_, facts));
  DW_CHECK(await_early_writers(on, name_));
  DW_CHECK(find_beginnings(on, name_, facts));
  if (slot.is_there && slot.is_lost) {
    DW_TRY(auto const dropped, on.query("SELECT pg_drop_replication_slot($1)", {name}));
    slot.is_there = false;
  }
  if (!slot.is_there) {
    DW_CHECK(make_slot(on, name, slot_wait_));
  } else if (!slot.is_for_standbys) {
    auto const given = give_to_standbys(url_, name);
    // Nothing else needs it: who does not allow it has no slot at standbys.
    if (!given && given.error().code != error_code::row_refused) return given.error();
  }
  DW_TRY(auto at, head_of(on));
  if (known) {
    at = {now.incarnation, known->captured.commit};
  } else {
    DW_CHECK(put_quiet(on, name, {at.commit, at.commit}));
    DW_CHECK(advance_slot(on, name, at.commit));
  }
  DW_TRY(auto const quiet, find_quiet(on, name));
  passed_ = known ? slot.confirmed : at.commit;
  settled_ = passed_;
  acknowledged_ = at.commit;
  bool const is_commit = quiet && !quiet->has(at.commit);
  given_ = is_commit ? std::min(at.commit, passed_) : at.commit;
  history_.begin(at.commit, given_);
  reached_ = 0;
  is_inside_ = false;
  is_bulk_refused_ = false;
  reader_.emplace(at.incarnation, std::move(facts));
  DW_CHECK(go_on(on));
  return at;
}

void change_stream::close() {
  stream_.close();
  stretch_.close();
  how_ = way::closed;
}

int change_stream::socket() const {
  return how_ == way::in_bulk ? stretch_.socket() : stream_.socket();
}

result<void> change_stream::choose_how(connection& on) {
  if (is_inside_) return {};
  bool const is_due =
      how_ == way::in_bulk ? !stretch_.is_under_way() : stream_.is_open() && place() >= looks_at_;
  return is_due ? go_on(on) : result<void>{};
}

result<void> change_stream::go_on(connection& on) {
  DW_CHECK(life_.reopen(on));
  auto const begun = begin_part(on);
  if (begun && *begun) return {};
  // What the server does not let us ask it may still stream.
  if (!begun) is_bulk_refused_ = true;
  return stream_on(on);
}

// False where it is not far behind, or a stream is the better way.
result<bool> change_stream::begin_part(connection& on) {
  DW_TRY(auto const name, slot_name(on, name_));
  if (how_ == way::in_bulk) DW_CHECK(pass_quiet(on));
  auto const looked = how_ == way::in_bulk ? free_slot(on, name) : look_at_slot(on, name);
  if (!looked) return looked.error();
  auto slot = *looked;
  if (slot.head <= place() + (how_ == way::in_bulk ? limits_.near : limits_.far)) {
    is_bulk_refused_ = false;
    return false;
  }
  auto const end = [&] { return end_of_part(limits_, slot.restart, place(), slot.head); };
  if (is_bulk_refused_ || !end()) return false;
  if (how_ != way::in_bulk) {
    DW_TRY(slot, free_slot(on, name));
  }
  // What was acknowledged meanwhile has brought its end no nearer.
  DW_CHECK(stretch_.begin(url_, life_.now(), {name, name_, place(), *end()}));
  how_ = way::in_bulk;
  return true;
}

// One session at a time reads a slot. What it need not keep is not read again.
result<slot_state> change_stream::free_slot(connection& on, std::string const& slot) {
  stream_.close();
  DW_CHECK(wait_until_free(on, slot));
  DW_TRY(auto now, look_at_slot(on, slot));
  if (settled_ <= now.confirmed) return now;
  DW_CHECK(advance_slot(on, slot, settled_));
  return look_at_slot(on, slot);
}

result<void> change_stream::stream_on(connection& on) {
  stretch_.close();
  how_ = way::streamed;
  looks_at_ = place() + limits_.near;
  if (stream_.is_open()) return {};
  DW_TRY(auto const slot, slot_name(on, name_));
  DW_CHECK(stream_.start(
      url_,
      life_.now(),
      fmt::format("START_REPLICATION SLOT {} LOGICAL {} (proto_version '1', publication_names {}, "
                  "messages 'true')",
                  quoted_name(slot),
                  print_place(place()),
                  quoted_text(quoted_name(name_)))));
  return report();
}

result<std::vector<captured_transaction>> change_stream::read(connection& on, std::size_t limit) {
  if (how_ == way::closed) return error{error_code::app_unreachable, "no capture is open"};
  auto out = receive(on, limit);
  bool const is_loss = !out && (out.error().code == error_code::source_rewound ||
                                out.error().code == error_code::slot_lost ||
                                out.error().code == error_code::invalid_definition);
  if (!is_loss) {
    auto const checked = check_described(on);
    if (!checked) out = checked.error();
  }
  if (out && out->empty()) {
    auto const passed = pass_quiet(on);
    if (!passed) out = passed.error();
  }
  // A stream that nobody reads keeps its server from stopping.
  if (!out) close();
  return out;
}

result<void> change_stream::check_captured(connection& on, std::vector<std::string> const* only) {
  if (only == nullptr) checked_at_ = std::chrono::steady_clock::now();
  DW_CHECK(life_.reopen(on));
  DW_TRY(auto const lost, find_lost(on, name_, only));
  std::optional<std::string> renamed;
  for (auto const& one : lost) {
    if (one.is_renamed) {
      renamed = one.name;
    } else {
      lost_.push_back(one.name);
    }
  }
  if (!lost_.empty())
    return error{error_code::source_rewound,
                 lost_.front() + " was dropped, made anew, or taken out of the publication"};
  if (renamed) return error{error_code::table_missing, *renamed};
  return {};
}

// The server describes a table before its first rows and after every change of it; of one that is
// gone it tells nothing.
result<void> change_stream::check_described(connection& on) {
  auto const described = reader_->take_described();
  std::vector<std::string> names;
  for (auto const* table : described) names.push_back(table->schema.table);
  bool const is_due = std::chrono::steady_clock::now() - checked_at_ > check_pause;
  if (is_due || !names.empty()) DW_CHECK(check_captured(on, is_due ? nullptr : &names));
  for (auto const* table : described) {
    DW_TRY(auto const now, describe_table(on, table->schema.table));
    if (now.object != table->object || now.schema != table->schema)
      return error{error_code::table_changed, table->schema.table};
  }
  return {};
}

result<std::vector<captured_transaction>> change_stream::receive(connection& on,
                                                                 std::size_t limit) {
  std::vector<captured_transaction> out;
  DW_CHECK(choose_how(on));
  std::size_t bytes_received = 0;
  int rest_waits = 0;
  while (out.size() < limit && bytes_received < received_max) {
    auto message = next_message();
    // What has arrived whole is given first; the next call says why there is no more.
    if (!message && !out.empty()) return out;
    if (!message) return message.error();
    if (*message) {
      bytes_received += (*message)->size();
      DW_TRY(auto whole, take_data(on, **message));
      if (whole) out.push_back(std::move(*whole));
      continue;
    }
    if (is_inside_ && out.empty() && ++rest_waits <= rest_waits_max && comes_soon(socket()))
      continue;
    // Of a stream all was read then; a part of the log is followed by others.
    if (how_ == way::streamed && !is_inside_) reading_us_ = 0;
    // What a part gave is acknowledged before the next one is asked for.
    bool const is_over = how_ == way::in_bulk && !stretch_.is_under_way();
    if (!is_over || !out.empty()) return out;
    DW_CHECK(choose_how(on));
  }
  return out;
}

std::optional<instant> change_stream::reading() const {
  auto const us = reading_us_.load();
  return us == 0 ? std::nullopt : std::optional(instant{us});
}

result<std::optional<std::string_view>> change_stream::next_message() {
  if (how_ == way::in_bulk) return message_in_part();
  DW_TRY(auto const message, stream_.next());
  if (message || is_inside_) return message;
  reached_ = std::max(reached_, stream_.told());
  DW_CHECK(history_.reach(reached_));
  return message;
}

result<std::optional<std::string_view>> change_stream::message_in_part() {
  if (!stretch_.is_under_way())
    return error{error_code::app_unreachable, "a transaction was cut off"};
  auto message = stretch_.next();
  if (!message) {
    if (is_inside_ || message.error().code == error_code::app_unreachable) return message.error();
    is_bulk_refused_ = true;
    return std::optional<std::string_view>{};
  }
  if (*message || stretch_.is_under_way()) return message;
  reached_ = std::max(reached_, stretch_.upto());
  DW_CHECK(history_.reach(reached_));
  return message;
}

result<std::optional<captured_transaction>> change_stream::take_data(connection& on,
                                                                     std::string_view message) {
  if (message.front() == 'B') is_inside_ = true;
  if (message.front() == 'C') is_inside_ = false;
  DW_TRY(bool const known, history_.has(message));
  if (message.front() == 'R') {
    DW_CHECK(find_whole(on, message));
  } else if (known) {
    return std::optional<captured_transaction>{};
  }
  auto fed = reader_->feed(message);
  if (!fed) lost_ = reader_->take_lost();
  DW_TRY(auto whole, std::move(fed));
  if (message.front() == 'B') reading_us_ = reader_->committed_at().us;
  if (whole && whole->ends) given_ = whole->position.commit;
  return whole;
}

result<void> change_stream::find_whole(connection& on, std::string_view message) {
  auto const part = pgoutput_reader::described_object(message);
  if (!part) return {};
  DW_CHECK(life_.reopen(on));
  DW_TRY(auto whole, whole_of(on, *part));
  reader_->set_whole_of(*part, std::move(whole));
  return {};
}

// Only where our log has all that was given: what it lacks is kept.
result<void> change_stream::pass_quiet(connection& on) {
  if (is_inside_ || !history_.is_proven() || given_ > acknowledged_) return {};
  if (reached_ < std::max(acknowledged_, passed_) + quiet_bytes_min) return {};
  DW_CHECK(life_.reopen(on));
  DW_TRY(auto const slot, slot_name(on, name_));
  DW_CHECK(put_quiet(on, slot, {acknowledged_, reached_}));
  passed_ = reached_;
  settled_ = std::max(settled_, passed_);
  return report();
}

result<void> change_stream::acknowledge(source_position captured) {
  acknowledged_ = std::max(acknowledged_, captured.commit);
  settled_ = std::max(settled_, captured.commit);
  return report();
}

// While no stream is there the slot is moved before it is read again.
result<void> change_stream::report() {
  if (how_ == way::in_bulk) return {};
  return stream_.report(settled_);
}

result<void> change_stream::end(connection& on) {
  close();
  DW_TRY(auto const slot, slot_name(on, name_));
  DW_CHECK(wait_until_free(on, slot));
  DW_TRY(auto const dropped,
         on.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE "
                  "slot_name = $1",
                  {slot}));
  DW_CHECK(on.execute("DROP PUBLICATION IF EXISTS " + quoted_name(name_)));
  DW_CHECK(install(on));
  DW_TRY(auto const ours,
         on.query("DELETE FROM dualwrite.captured WHERE publication = $1", {name_}));
  DW_TRY(auto const passed, on.query("DELETE FROM dualwrite.quiet WHERE slot = $1", {slot}));
  return {};
}

}  // namespace dualwrite::engine::postgresql
