"""How messages of alert rules go out, and how rules are made and changed: mail servers that want encryption and a
login, web hooks, the command line."""
import json
import sys
import unittest

from mail_server import MailServer, certificate, text_of
from web_hook import WebHook
from world import CONFIG, World

PROGRAM = sys.argv.pop(1)
OPS = "ops@example.com"
SECRET = "a secret of the hook"

ALERTS = """
    alerts:
      - name: errors
        when: {{ errors: [application], count: 1, within: 15m }}
{more}
{rest}
"""
RULE = """
link: erp-crm
name: by hand
when: {{ errors: [application], count: {count}, within: 15m }}
then: {then}
"""


class Channels(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def begin(self, more="", rest="", env=None):
        if env:
            for name, value in env.items():
                (self.world.folder / name).write_text(value)
        self.world.config.write_text(CONFIG + ALERTS.format(more=more, rest=rest))
        self.world.start()
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def insert_bad(self, one):
        self.world.write("erp", ("INSERT INTO customer VALUES(?, 'bad', 'Oslo')", [(one,)]))

    def history(self, rule="errors"):
        return self.world.json("alert", "history", rule)

    def failures(self):
        return [one["data"] for one in self.history() if one["type"] == "NotificationFailed"]

    def run_well(self, *words):
        done = self.world.run(*words)
        self.assertEqual(0, done.returncode, (words, done.stderr))
        return done.stdout


class Mail(Channels):
    def serve(self, **how):
        made = certificate(self.world.folder)
        server = MailServer(certificate=made, **how)
        self.addCleanup(server.stop)
        return server

    def begin_with(self, server, smtp, **more):
        self.begin(more=f"        notify: {OPS}\n",
                   rest=f'smtp: {{ url: "{server.url}", from: dualwrite@example.com, {smtp} }}\n', **more)

    def test_a_letter_goes_encrypted_where_that_is_required(self):
        server = self.serve(tls="starttls")
        self.begin_with(server, "starttls: true, ca: mail-ca.pem")
        self.assertIn(f"{OPS}: sent", self.run_well("alert", "test", "errors"))
        self.assertEqual([True], server.encrypted)

    def test_a_server_that_speaks_tls_from_the_start_and_wants_a_login(self):
        server = self.serve(tls="implicit", login=("dualwrite", "Pa55word"))
        self.begin_with(server, "user: dualwrite, password: file:smtp.password, ca: mail-ca.pem",
                        env={"smtp.password": "Pa55word\n"})
        self.run_well("alert", "test", "errors")
        self.assertEqual([("dualwrite", "Pa55word")], server.logins)
        self.assertEqual(1, len(server.letters))

    def test_a_login_goes_over_starttls_and_a_wrong_one_can_be_mended(self):
        server = self.serve(tls="starttls", login=("dualwrite", "Pa55word"))
        self.begin_with(server, "starttls: true, user: dualwrite, password: file:smtp.password, ca: mail-ca.pem",
                        env={"smtp.password": "wrong"})
        done = self.world.run("alert", "test", "errors")
        self.assertEqual(4, done.returncode)
        self.assertIn("535", done.stdout)
        self.assertFalse(self.failures()[0]["given_up"])
        self.assertEqual(0, self.world.stop())
        (self.world.folder / "smtp.password").write_text("Pa55word")
        self.world.start()
        self.world.until(lambda: len(server.letters) == 1)

    def test_a_server_that_is_not_there_is_tried_again(self):
        server = self.serve()
        server.stop()
        self.begin_with(server, "starttls: false")
        done = self.world.run("alert", "test", "errors")
        self.assertEqual(4, done.returncode)
        self.assertFalse(self.failures()[0]["given_up"])
        self.assertEqual("1", self.world.json("alert", "show", "errors")["waiting"]["messages"])

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        server = self.serve(tls="starttls")
        self.begin_with(server, "starttls: true")
        done = self.world.run("alert", "test", "errors")
        self.assertEqual(4, done.returncode)
        self.assertIn("mail_failed", done.stdout)
        self.assertEqual([], server.letters)


class WebHooks(Channels):
    def begin_with(self, more="", url=None, answers=()):
        self.hook = WebHook(SECRET)
        self.hook.answers = list(answers)
        self.addCleanup(self.hook.stop)
        private = "" if url else ", allow_private: true"
        self.begin(more="        webhooks: [on-call]\n" + more, env={"hook.secret": SECRET + "\n"},
                   rest=f'webhooks: {{ on-call: {{ url: "{url or self.hook.url}", secret: file:hook.secret{private} }} }}\n')

    def test_a_firing_is_a_signed_event_and_so_is_its_end(self):
        self.begin_with(more="        then: pause\n")
        self.insert_bad(1)
        self.world.until(lambda: len(self.hook.calls) == 1)
        headers, event, is_signed = self.hook.calls[0]
        self.assertTrue(is_signed)
        self.assertEqual("application/cloudevents+json; charset=utf-8", headers["Content-Type"])
        self.assertEqual(headers["webhook-id"], event["id"])
        self.assertEqual(("1.0", "dualwrite.alert.fired", "errors"),
                         (event["specversion"], event["type"], event["subject"]))
        self.assertEqual([{"name": "customers", "queued": "0"}], event["data"]["maps"])
        self.assertIn("CHECK", event["data"]["errors"][0]["text"])
        self.world.until(lambda: self.world.json("map", "show", "customers")["status"] == "paused")
        self.world.write("erp", "DELETE FROM customer")
        self.run_well("map", "resume", "customers", "--wait")
        self.world.until(lambda: len(self.hook.calls) == 2)
        resolved = self.hook.calls[1][1]
        self.assertEqual(("dualwrite.alert.resolved", event["id"]), (resolved["type"], resolved["follows"]))
        self.world.until(lambda: [one["data"]["reply"] for one in self.history() if one["type"] == "NotificationSent"]
                         == ["204", "204"])

    def test_what_passes_is_tried_again_and_what_does_not_is_not(self):
        self.begin_with(answers=[503])
        self.insert_bad(1)
        self.world.until(lambda: len(self.hook.calls) == 2)
        self.assertEqual(self.hook.calls[0][1], self.hook.calls[1][1])
        self.assertEqual([("webhook_failed", False)], [(one["code"], one["given_up"]) for one in self.failures()])
        for status in (404, 302):
            self.hook.answers = [status]
            done = self.world.run("alert", "test", "errors")
            self.assertEqual(4, done.returncode)
            self.assertIn(f"webhook_refused: {status}", done.stdout)

    def test_an_address_of_this_machine_is_refused_unless_it_is_allowed(self):
        self.begin_with(url="http://localhost:9/hook")
        done = self.world.run("alert", "test", "errors")
        self.assertEqual(4, done.returncode)
        self.assertIn("is a private address", done.stdout)


class Rules(Channels):
    def apply(self, **how):
        path = self.world.folder / "rule.yaml"
        path.write_text(RULE.format(**how))
        return self.world.run("alert", "apply", path)

    def test_a_rule_is_made_changed_switched_and_deleted(self):
        self.begin()
        self.assertEqual(0, self.apply(count=3, then="none").returncode)
        rule = self.world.json("alert", "show", "by hand")
        self.assertEqual(("3 application errors within 15m", "none", ["customers"]),
                         (rule["condition"], rule["then"], rule["pending_restart"]))
        self.insert_bad(1)
        self.world.until(lambda: int(self.world.json("map", "show", "customers")["parked"]) == 1)
        self.assertEqual("0", self.world.json("alert", "show", "by hand")["counted"], "not before a restart")

        self.run_well("map", "pause", "customers", "--wait")
        self.run_well("map", "resume", "customers", "--wait")
        self.assertEqual([], self.world.json("alert", "show", "by hand")["pending_restart"])
        self.insert_bad(2)
        self.world.until(lambda: self.world.json("alert", "show", "by hand")["counted"] == "1")

        self.assertEqual(0, self.apply(count=1, then="pause\napply: now").returncode)
        self.assertEqual((2, []), tuple(self.world.json("alert", "show", "by hand")[one]
                                        for one in ("version", "pending_restart")))
        self.run_well("alert", "disable", "by hand")
        self.assertEqual("disabled", self.world.json("alert", "show", "by hand")["state"])
        self.run_well("alert", "enable", "by hand")
        self.insert_bad(3)
        self.world.until(lambda: self.world.json("map", "show", "customers")["status"] == "paused")
        self.assertIn("rule by hand: 1 application errors within 15m; the last: SQLITE_CONSTRAINT_CHECK",
                      self.world.json("map", "show", "customers")["reason"])
        types = [one["type"] for one in self.history("by hand")]
        self.assertEqual(3, types.count("AlertRuleChanged"))
        self.run_well("alert", "delete", "by hand", "--yes")
        self.assertEqual(7, self.world.run("alert", "show", "by hand").returncode)

    def test_what_is_wrong_with_a_rule_is_said_with_its_place(self):
        self.begin()
        done = self.apply(count=0, then="halt")
        self.assertEqual(3, done.returncode)
        self.assertIn("rule.yaml:4:39: error: 'count' needs a whole number from 1 to 10000, not '0'", done.stderr)
        self.assertIn("'then' cannot be 'halt'", done.stderr)
        done = self.apply(count=1, then="none\nmaps: [orders]")
        self.assertEqual(7, done.returncode, done.stderr)
        self.assertIn("orders", done.stderr)
        self.assertEqual(1, len(self.world.json("alert", "list")))

    def test_what_the_file_says_is_changed_in_the_file(self):
        self.begin()
        for words in (("alert", "disable", "errors"), ("alert", "delete", "errors", "--yes")):
            done = self.world.run(*words)
            self.assertEqual(8, done.returncode, done.stderr)
            self.assertIn("configuration file", done.stderr)

    def test_planned_maintenance_is_listed(self):
        self.begin(more="""
    maintenance:
      - name: ERP update
        pause_at: 2999-12-05 22:00
        resume_at: 2999-12-06 02:00
        zone: Europe/Berlin
""")
        plans = self.world.json("maintenance", "list")
        self.assertEqual([("ERP update", "planned", "2999-12-05T21:00:00Z", "2999-12-06T01:00:00Z")],
                         [(one["name"], one["state"], one["begins"], one["ends"]) for one in plans])
        self.assertIn("Europe/Berlin", self.run_well("maintenance", "list"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
