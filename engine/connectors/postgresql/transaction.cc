// Transactions of a connection.
#include "engine/connectors/postgresql/connection.h"

namespace dualwrite::engine::postgresql {

result<transaction> transaction::begin(connection& on, std::string const& how) {
  DW_CHECK(on.execute(how));
  return transaction(on);
}

result<transaction> transaction::begin_with(connection& on,
                                            std::vector<statement> first,
                                            std::vector<answer>& answers) {
  DW_CHECK(on.renew_plans());
  first.insert(first.begin(), statement{"BEGIN", {}});
  transaction begun(on);
  DW_CHECK(on.query_all(first, answers));
  answers.erase(answers.begin());
  return begun;
}

transaction::~transaction() {
  if (on_ == nullptr || !on_->is_open()) return;
  // Where the rollback is not answered the server does it at the connection's end.
  if (!on_->execute("ROLLBACK")) on_->close();
}

result<void> transaction::commit() {
  auto& on = *std::exchange(on_, nullptr);
  auto done = on.query("COMMIT");
  if (done) {
    if (done->command() == "COMMIT") return {};
    return error{error_code::app_unreachable, "the transaction had failed and was rolled back"};
  }
  if (!on.is_open()) return error{error_code::app_reply_lost, done.error().detail};
  return done.error();
}

result<void> transaction::commit_with(std::vector<statement> last, std::vector<answer>& answers) {
  last.push_back({"COMMIT", {}});
  auto const done = on_->query_all(last, answers);
  if (!done && !on_->is_open()) return error{error_code::app_reply_lost, done.error().detail};
  if (!done) return done;
  on_ = nullptr;
  if (answers.back().command() == "COMMIT") return {};
  return error{error_code::app_unreachable, "the transaction had failed and was rolled back"};
}

}  // namespace dualwrite::engine::postgresql
