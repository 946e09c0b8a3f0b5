// The port to a mail server.
#pragma once

#include <string>

#include "engine/ports/async.h"
#include "events/instant.h"

namespace dualwrite::engine {

// A letter to one recipient, in UTF-8.
struct mail {
  std::string id;        // the same at every attempt: "<…@…>"
  std::string reply_to;  // id of the letter that this one follows; empty for none
  std::string to;        // an address
  std::string subject;
  std::string text;
  std::string html;
  instant written_at;
};

// Errors: `mail_failed` where a later attempt may succeed, `mail_refused` where it will not; both
// with the server's words.
// Lifetime: outlives the engine; the mail is only read until send() returns.
// Threads: called on the engine strand; an implementation may hop to the blocking pool inside.
class mail_port {
 public:
  virtual ~mail_port() = default;
  // Gives the server's last reply.
  [[nodiscard]] virtual async<std::string> send(mail const& letter) = 0;
};

}  // namespace dualwrite::engine
