#include "engine/delivery/smtp_mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/strand.hpp>

#include "engine/delivery/curl_call.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {

namespace {

// RFC 2047 allows 75 characters for an encoded word: so many bytes fit beside its frame.
constexpr std::size_t word_bytes_max = 45;
constexpr std::size_t reply_bytes_max = 300;

// An address goes into the protocol as it stands.
bool is_safe_address(std::string_view text) {
  return is_plain(text) && !text.empty() && text.find_first_of(" <>,") == std::string_view::npos;
}

std::string header_date(instant when) {
  auto const seconds = static_cast<std::time_t>(when.us / 1'000'000);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds));
}

// Keeps the last line that the server said.
std::size_t hear(char* bytes, std::size_t size, std::size_t count, void* into) {
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  // "Bye" is no answer to the letter.
  bool const tells = !line.empty() && !line.starts_with("221");
  if (tells) *static_cast<std::string*>(into) = line.substr(0, reply_bytes_max);
  return size * count;
}

held_by_curl<curl_slist> headers_of(smtp_settings const& settings, mail const& letter) {
  std::vector<std::string> lines{
      "Date: " + header_date(letter.written_at),
      "From: " + settings.from,
      "To: " + letter.to,
      "Subject: " + header_text(letter.subject),
      "Message-ID: " + letter.id,
      "Auto-Submitted: auto-generated",
  };
  if (!letter.reply_to.empty()) {
    lines.push_back("In-Reply-To: " + letter.reply_to);
    lines.push_back("References: " + letter.reply_to);
  }
  return curl_list(lines);
}

// Lines of a text end with CR LF on the way.
std::string as_sent(std::string_view body) {
  std::string out;
  for (auto const c : body) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

void add_body(curl_mime* to, std::string const& body, char const* type) {
  auto* part = curl_mime_addpart(to);
  auto const lines = as_sent(body);
  curl_mime_data(part, lines.data(), lines.size());
  curl_mime_type(part, type);
  curl_mime_encoder(part, "quoted-printable");
}

held_by_curl<curl_mime> body_of(CURL* call, mail const& letter) {
  held_by_curl<curl_mime> whole(curl_mime_init(call));
  auto* both = curl_mime_init(call);
  add_body(both, letter.text, "text/plain; charset=utf-8");
  add_body(both, letter.html, "text/html; charset=utf-8");
  auto* part = curl_mime_addpart(whole.get());
  curl_mime_subparts(part, both);
  curl_mime_type(part, "multipart/alternative");
  return whole;
}

void set_server(CURL* call, smtp_settings const& settings) {
  curl_easy_setopt(call, CURLOPT_URL, settings.url.c_str());
  curl_easy_setopt(call, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(call, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(call, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_max.count()));
  curl_easy_setopt(call, CURLOPT_TIMEOUT, static_cast<long>(settings.send_max.count()));
  // Encryption that nobody asked for is taken as it is offered; where it matters it is checked.
  bool const matters =
      settings.starttls || settings.url.starts_with("smtps:") || !settings.user.empty();
  auto const wanted = settings.starttls ? CURLUSESSL_ALL : CURLUSESSL_TRY;
  curl_easy_setopt(call, CURLOPT_USE_SSL, static_cast<long>(wanted));
  curl_easy_setopt(call, CURLOPT_SSL_VERIFYPEER, matters ? 1L : 0L);
  if (!settings.ca.empty()) curl_easy_setopt(call, CURLOPT_CAINFO, settings.ca.c_str());
  curl_easy_setopt(call, CURLOPT_SSL_VERIFYHOST, matters ? 2L : 0L);
  curl_easy_setopt(
      call, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(settings.reply_max.count()));
  if (settings.user.empty()) return;
  curl_easy_setopt(call, CURLOPT_USERNAME, settings.user.c_str());
  curl_easy_setopt(call, CURLOPT_PASSWORD, settings.password.c_str());
}

// A login or a way to the server can be mended by an admin; a server's last "no" to this letter
// cannot.
error failure(CURLcode how, long code, std::string const& said) {
  auto const* const what = curl_easy_strerror(how);
  bool const is_final = code >= 500 && code < 600 && how != CURLE_LOGIN_DENIED &&
                        how != CURLE_USE_SSL_FAILED && how != CURLE_WEIRD_SERVER_REPLY;
  return error{is_final ? error_code::mail_refused : error_code::mail_failed,
               said.empty() ? std::string(what) : fmt::format("{} ({})", said, what)};
}

result<std::string> send_now(smtp_settings const& settings, mail const& letter, call_line& line) {
  if (!is_safe_address(letter.to) || !is_safe_address(settings.from))
    return error{error_code::mail_refused, "The address is none."};

  auto const call = new_call();
  if (!call) return error{error_code::mail_failed, "out of memory"};
  set_server(call.get(), settings);
  auto const headers = headers_of(settings, letter);
  auto const recipients = curl_list({letter.to});
  auto const body = body_of(call.get(), letter);
  std::string said;
  curl_easy_setopt(call.get(), CURLOPT_MAIL_FROM, settings.from.c_str());
  curl_easy_setopt(call.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(call.get(), CURLOPT_MIMEPOST, body.get());
  curl_easy_setopt(call.get(), CURLOPT_HEADERFUNCTION, &hear);
  curl_easy_setopt(call.get(), CURLOPT_HEADERDATA, &said);
  line.attach(call.get());
  auto const how = curl_easy_perform(call.get());
  if (how == CURLE_OK) return said;
  long code = 0;
  curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &code);
  return failure(how, code, said);
}

}  // namespace

smtp_mail::smtp_mail(boost::asio::thread_pool& pool, smtp_settings settings)
    : sending_(boost::asio::make_strand(pool.get_executor())),
      settings_(std::make_shared<smtp_settings const>(std::move(settings))),
      line_(std::make_shared<call_line>()) {}

void smtp_mail::stop() {
  line_->stop();
}

async<std::string> smtp_mail::send(mail const& letter) {
  auto call = [settings = settings_, line = line_, letter]() {
    return send_now(*settings, letter, *line);
  };
  co_return co_await blocking<std::string>(sending_, std::move(call));
}

std::string header_text(std::string_view text) {
  if (is_plain(text) && text.size() < 900) return std::string(text);
  std::string out;
  while (!text.empty()) {
    auto length = std::min(text.size(), word_bytes_max);
    // Not inside a character.
    while (length > 1 && length < text.size() && (text[length] & 0xc0) == 0x80) --length;
    out += fmt::format("{}=?utf-8?B?{}?=", out.empty() ? "" : " ", base64(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace dualwrite::engine
