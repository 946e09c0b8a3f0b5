#include "engine/delivery/mail_channel.h"

#include <fmt/format.h>

namespace dualwrite::engine {

mail_channel::mail_channel(mail_port& port, std::string domain)
    : port_(port), domain_(std::move(domain)) {}

std::string mail_channel::letter_id(std::string const& id) const {
  return fmt::format("<{}@{}>", id, domain_);
}

async<std::string> mail_channel::send(message const& what) {
  auto words = compose(what.facts);
  mail letter;
  letter.id = letter_id(what.id);
  if (!what.follows.empty()) letter.reply_to = letter_id(what.follows);
  letter.to = what.to;
  letter.subject = std::move(words.subject);
  letter.text = std::move(words.text);
  letter.html = std::move(words.html);
  letter.written_at = what.written_at;
  co_return co_await port_.send(letter);
}

}  // namespace dualwrite::engine
