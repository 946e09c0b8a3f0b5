"""Alert rules as their recipients see them: a real mail server, two applications, the program between them."""
import sys
import unittest

from mail_server import MailServer, html_of, text_of
from world import CONFIG, World

PROGRAM = sys.argv.pop(1)
OPS, TEAM = "ops@example.com", "erp-team@example.com"
RULE = "too many \u201ebad\u201c <names>"

ALERTS = """
    alerts:
      - name: "{name}"
        when: {{ errors: [application], count: {count}, within: 15m }}
        notify: "ops@example.com, erp-team@example.com"
        then: {then}
{more}
smtp: {{ url: "{url}", from: dualwrite@example.com, {smtp} }}
"""


class Alerts(unittest.TestCase):
    def setUp(self):
        self.mail = MailServer()
        self.addCleanup(self.mail.stop)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def begin(self, count=1, then="none", more="", smtp="starttls: false"):
        config = CONFIG + ALERTS.format(name=RULE, count=count, then=then, more=more, url=self.mail.url, smtp=smtp)
        self.world.config.write_text(config)
        self.world.start()
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def insert_bad(self, ids):
        self.world.write("erp", ("INSERT INTO customer VALUES(?, 'bad', 'Oslo')", [(one,) for one in ids]))

    def parked(self):
        return int(self.world.json("map", "show", "customers")["parked"])

    def status(self):
        return self.world.json("map", "show", "customers")["status"]

    def rule(self):
        return self.world.json("alert", "show", RULE)

    def history(self):
        return self.world.json("alert", "history", RULE)

    def types(self):
        return [one["type"] for one in self.history()]

    def until_told(self, count):
        self.world.until(lambda: len(self.mail.letters) >= count)
        self.world.until(lambda: self.rule()["waiting"]["messages"] == "0")
        self.assertEqual(count, len(self.mail.letters))

    def test_ten_errors_pause_the_map_and_each_of_the_group_is_told(self):
        world = self.world
        self.begin(count=10, then="pause")
        self.insert_bad(range(1, 10))
        world.until(lambda: self.parked() == 9)
        self.assertEqual("running", self.status())
        self.assertEqual("9", self.rule()["counted"])
        self.assertEqual([], self.mail.letters)

        self.insert_bad([10])
        world.until(lambda: self.status() == "paused")
        self.until_told(2)
        self.assertEqual({OPS, TEAM}, {who for who, letter in self.mail.letters})
        first = self.mail.to(OPS)[0]
        self.assertEqual(f"[dualwrite] erp-crm: {RULE}", first["Subject"])
        self.assertEqual("dualwrite@example.com", first["From"])
        self.assertEqual(OPS, first["To"])
        said = text_of(first)
        for words in ("10 application errors within 15m", "Seen: 10 errors from", "10 × map customers: application",
                      "CHECK", "asked to pause", "dualwrite map resume erp-crm/customers"):
            self.assertIn(words, said)
        self.assertIn("&lt;names&gt;", html_of(first))
        self.assertNotIn("<names>", html_of(first))
        self.assertEqual("firing", self.rule()["state"])
        self.assertEqual(["customers"], self.rule()["held_maps"])

        world.write("erp", "UPDATE customer SET name = 'good'", "INSERT INTO customer VALUES(11, 'Ada', 'Rome')")
        world.until(lambda: int(world.json("map", "show", "customers")["queued"]) >= 11)
        self.assertEqual([], world.rows("crm"))
        done = world.run("map", "resume", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)
        world.until_equal()
        self.until_told(4)
        last = self.mail.to(OPS)[1]
        self.assertIn("is clear again", text_of(last))
        self.assertEqual(first["Message-ID"], last["In-Reply-To"])
        self.assertEqual("clear", self.rule()["state"])
        self.assertEqual(1, self.types().count("AlertFired"))
        self.assertEqual(1, self.types().count("AlertResolved"))
        self.assertEqual(4, self.types().count("NotificationSent"))
        self.assertTrue(world.json("event", "verify")["ok"])

    def test_what_a_rule_would_have_done(self):
        self.begin(count=3, then="none")
        for one in (1, 2, 3, 4):
            self.insert_bad([one])
            self.world.until(lambda: self.parked() == one)
        done = self.world.run("alert", "backtest", RULE)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("3 application errors within 15m: 4 such errors in the log; it would have fired 1 times",
                      done.stdout)
        done = self.world.run("alert", "backtest", RULE, "--count", "5", "--within", "1h")
        self.assertIn("it would have fired 0 times", done.stdout)

    def test_one_bad_recipient_does_not_stop_the_other(self):
        self.mail.treat[OPS] = ["never"]
        self.begin()
        self.insert_bad([1])
        self.until_told(1)
        self.assertEqual([TEAM], [who for who, letter in self.mail.letters])
        failed = [one["data"] for one in self.history() if one["type"] == "NotificationFailed"]
        self.assertEqual(1, len(failed))
        self.assertEqual(OPS, failed[0]["recipient"])
        self.assertIn("550 no such mailbox", failed[0]["reply"])
        self.assertTrue(failed[0]["given_up"])

    def test_what_did_not_get_through_is_sent_again_under_the_same_id(self):
        self.mail.treat = {OPS: ["later"], TEAM: ["drop"]}
        self.begin()
        self.insert_bad([1])
        self.until_told(3)
        once, again = self.mail.to(TEAM)
        self.assertEqual(once["Message-ID"], again["Message-ID"])
        self.assertEqual(text_of(once), text_of(again))
        self.assertEqual(1, len(self.mail.to(OPS)))
        failed = [one["data"] for one in self.history() if one["type"] == "NotificationFailed"]
        self.assertEqual([False, False], [one["given_up"] for one in failed])

    def test_a_kill_before_the_record_sends_the_same_letter_again(self):
        self.mail.treat[OPS] = [self.world.kill]
        self.begin()
        self.insert_bad([1])
        self.world.until(lambda: self.world.server.poll() is not None)
        self.world.start()
        self.until_told(3)
        self.assertEqual(1, len({letter["Message-ID"] for letter in self.mail.to(OPS)}))
        self.assertEqual(1, self.types().count("AlertFired"))

    def test_a_server_that_stalls_is_in_nobodys_way(self):
        self.mail.treat[OPS] = ["stall"]
        self.begin()
        self.insert_bad([1])
        self.world.until(lambda: self.mail.treat[OPS] == [])
        self.world.write("erp", "INSERT INTO customer VALUES(2, 'Ada', 'Rome')")
        self.world.until(lambda: self.world.rows("crm") == [(2, "Ada", "Rome")])
        self.assertEqual(0, self.world.stop(), self.world.log())

    def test_where_encryption_is_required_nothing_is_sent_without(self):
        self.begin(smtp="starttls: true")
        done = self.world.run("alert", "test", RULE)
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn("mail_failed", done.stdout)
        self.assertEqual([], self.mail.letters)
        self.assertIn("No message went out by mail", self.world.run("status").stdout)
        self.assertIn("dualwrite_channels_failing 1", self.world.metrics())
        self.assertIn("dualwrite_messages_waiting 2", self.world.metrics())

    def test_a_rule_is_tried_out(self):
        self.begin()
        done = self.world.run("alert", "test", RULE)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(f"{OPS}: sent (250 OK queued as 4711)", done.stdout)
        self.until_told(2)
        self.assertIn("Nothing has happened", text_of(self.mail.to(TEAM)[0]))
        self.assertEqual("clear", self.rule()["state"])

    def test_a_muted_rule_acts_and_says_nothing(self):
        self.begin(then="pause")
        done = self.world.run("alert", "mute", RULE, "--for", "2h")
        self.assertEqual(0, done.returncode, done.stderr)
        self.insert_bad([1])
        self.world.until(lambda: self.status() == "paused")
        self.assertIsNotNone(self.rule()["muted_until"])
        self.assertEqual("0", self.rule()["waiting"]["messages"])
        self.assertEqual(1, self.types().count("AlertFired"))
        self.assertEqual([], self.mail.letters)

    def test_a_rule_that_cools_down_tells_once(self):
        self.begin(then="pause", more="        cooldown: 1h\n")
        for one in (1, 2):
            self.insert_bad([one])
            self.world.until(lambda: self.status() == "paused")
            done = self.world.run("map", "resume", "customers", "--wait")
            self.assertEqual(0, done.returncode, done.stderr)
            self.world.until(lambda: self.rule()["state"] == "clear")
        self.world.until(lambda: self.types().count("AlertResolved") == 2)
        self.until_told(4)
        fired = [letter for letter in self.mail.to(OPS) if "has fired" in text_of(letter)]
        self.assertEqual(1, len(fired))

    def test_a_disabled_rule_does_nothing(self):
        self.begin(then="pause", more="        enabled: false\n")
        self.insert_bad([1])
        self.world.until(lambda: self.parked() == 1)
        self.assertEqual("disabled", self.rule()["state"])
        self.assertEqual("running", self.status())

    def test_names_that_are_not_known_and_spans_that_are_none(self):
        self.begin()
        done = self.world.run("alert", "show", RULE[:-1])
        self.assertEqual(7, done.returncode)
        self.assertIn(f"did you mean '{RULE}'", done.stderr)
        done = self.world.run("alert", "mute", RULE, "--for", "soon")
        self.assertEqual(2, done.returncode)


class WithoutMailServer(unittest.TestCase):
    def test_a_test_says_what_is_missing(self):
        world = World(PROGRAM)
        self.addCleanup(world.end)
        config = CONFIG + ALERTS.format(name=RULE, count=1, then="none", more="", url="", smtp="")
        world.config.write_text(config[:config.index("smtp:")])
        world.start()
        done = world.run("alert", "test", RULE)
        self.assertEqual(8, done.returncode, done.stderr)
        self.assertIn("names no mail server", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
