// Messages to web hooks: CloudEvents 1.0 as JSON, signed as Standard Webhooks has it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "engine/delivery/message.h"
#include "engine/ports/clock.h"

namespace dualwrite::engine {

struct webhook_target {
  std::string url;     // http:// or https://
  std::string secret;  // the key of the signature: the bytes as they are
  bool allow_private = false;
};

struct webhook_settings {
  std::map<std::string, webhook_target> targets;  // by name
  std::string source;                             // of the events: "/dualwrite/LOG"
  std::chrono::seconds connect_max{10};
  std::chrono::seconds reply_max{20};
};

class call_line;

// Guarantees: an address that is private or of this machine gets nothing, unless the target allows
// it; that is asked of the address which the connection goes to, not of the name. Nothing is
// followed elsewhere: a redirection is a refusal.
// Errors: `webhook_failed` where a later attempt may succeed: no answer, 408, 425, 429, 5xx;
// `webhook_refused` for every other answer that is not 2xx; `webhook_unknown`.
// Lifetime: outlived by pool and clock; a call under way does not need it any more.
// Threads: the engine strand; calls are made one at a time, on the pool.
class webhook_channel final : public message_port {
 public:
  webhook_channel(boost::asio::thread_pool& pool, clock const& time, webhook_settings settings);
  [[nodiscard]] async<std::string> send(message const& what) override;
  // A call that is under way is given up at once, and so is every later one.
  void stop();

 private:
  boost::asio::any_io_executor calling_;
  clock const& time_;
  std::shared_ptr<webhook_settings const> settings_;
  std::shared_ptr<call_line> line_;
};

// The body of a message.
[[nodiscard]] std::string cloud_event(message const& what, std::string_view source);
// "v1,…": of HMAC-SHA256 over "ID.TIMESTAMP.BODY".
[[nodiscard]] std::string webhook_signature(std::string_view secret,
                                            std::string_view id,
                                            std::int64_t timestamp,
                                            std::string_view body);
// Whether an IP address in text form is one that the internet does not reach.
[[nodiscard]] bool is_private_address(std::string_view address);

}  // namespace dualwrite::engine
