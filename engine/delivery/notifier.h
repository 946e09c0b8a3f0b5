// Sends what the outbox owes by one channel, and says in the log what came of it.
#pragma once

#include "engine/delivery/message.h"
#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

struct notifier_settings {
  duration backoff_min = std::chrono::seconds(15);
  duration backoff_max = std::chrono::minutes(30);
  duration age_max = std::chrono::hours(72);        // then it is given up
  duration silence_max = std::chrono::minutes(10);  // then the log says that the channel failed
};

// Guarantees: every message that is owed by its channel is sent, or given up with a reason; twice
// only where the process ended between the receiver's acceptance and the append that tells of it,
// and then under the same id. Nothing else waits for it.
// Errors: run() ends with an error only where the engine must stop.
// Lifetime: outlived by log, clock and port.
// Threads: the engine strand.
class notifier {
 public:
  notifier(boost::asio::any_io_executor executor,
           sequencer& log,
           clock& time,
           message_channel channel,
           message_port& port,
           notifier_settings settings);
  ~notifier();
  [[nodiscard]] async<void> run();

 private:
  using address = projections::message_address;

  std::optional<std::pair<address, instant>> next_due() const;
  [[nodiscard]] result<message> compose_for(address const& to,
                                            projections::message_row const& row) const;
  std::string id_of(sequence about, std::string const& recipient) const;
  duration backoff(address const& to, std::uint32_t attempt) const;
  [[nodiscard]] async<void> send(address to);
  drafts sent(address const& to, projections::message_row const& row, std::string_view reply) const;
  drafts failed(address const& to, projections::message_row const& row, error const& why) const;

  sequencer& log_;
  clock& time_;
  message_channel channel_;
  message_port& port_;
  notifier_settings settings_;
  bell wake_;
};

}  // namespace dualwrite::engine
