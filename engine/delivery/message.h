// The port by which the outbox sends what it owes.
#pragma once

#include <string>

#include "engine/delivery/alert_letter.h"
#include "engine/ports/async.h"

namespace dualwrite::engine {

// One message to one recipient.
struct message {
  std::string id;       // the same at every attempt, another for each recipient: "a.b.c"
  std::string follows;  // id of the message that this one follows; empty for none
  std::string to;       // an address, or the name of a web hook
  instant written_at;
  letter_facts facts;
};

// Errors: of class transient where a later attempt may succeed, refused where it will not; both
// with the receiver's words.
// Lifetime: outlives the engine; the message is only read until send() returns.
// Threads: called on the engine strand; an implementation may hop to a pool inside.
class message_port {
 public:
  virtual ~message_port() = default;
  // Gives the receiver's last reply.
  [[nodiscard]] virtual async<std::string> send(message const& what) = 0;
};

}  // namespace dualwrite::engine
