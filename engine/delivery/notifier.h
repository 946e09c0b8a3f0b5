// Sends what the outbox owes, and says in the log what came of it.
#pragma once

#include "engine/delivery/mail.h"
#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

struct notifier_settings {
  std::string domain;  // of the letters' ids
  duration backoff_min = std::chrono::seconds(15);
  duration backoff_max = std::chrono::minutes(30);
  duration age_max = std::chrono::hours(72);  // then it is given up
};

// Guarantees: every message that is owed is sent, or given up with a reason; twice only where the
// process ended between the server's acceptance and the append that tells of it, and then under the
// same id. Nothing else waits for it.
// Errors: run() ends with an error only where the engine must stop.
// Lifetime: outlived by log, clock and port.
// Threads: the engine strand.
class notifier {
 public:
  notifier(boost::asio::any_io_executor executor,
           sequencer& log,
           clock& time,
           mail_port& port,
           notifier_settings settings);
  ~notifier();
  [[nodiscard]] async<void> run();

 private:
  using address = std::pair<sequence, std::string>;

  std::optional<std::pair<address, instant>> next_due() const;
  [[nodiscard]] result<mail> letter(address const& to, projections::message_row const& row) const;
  std::string id_of(sequence about, std::string const& recipient) const;
  duration backoff(address const& to, std::uint32_t attempt) const;
  [[nodiscard]] async<void> send(address to);

  sequencer& log_;
  clock& time_;
  mail_port& port_;
  notifier_settings settings_;
  bell wake_;
};

}  // namespace dualwrite::engine
