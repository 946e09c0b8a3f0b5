"""A real SMTP server on a free port, with recipients that it treats badly."""
import email
import email.policy
import socket
import threading

from aiosmtpd.controller import Controller


class MailServer:
    """Keeps every letter that it accepted as (recipient, letter). `treat[recipient]` is a list of what is done with
    the next ones: "later" (451), "never" (550), "drop" (takes it and says nothing), "stall", or something to call
    before the letter is acknowledged."""

    def __init__(self):
        self.letters = []
        self.treat = {}
        self._released = threading.Event()
        self._end = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{port}"
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    def _next(self, recipient, *kinds):
        waiting = self.treat.get(recipient, [])
        if waiting and (waiting[0] in kinds or (callable(waiting[0]) and "call" in kinds)):
            return waiting.pop(0)
        return None

    async def handle_RCPT(self, server, session, envelope, address, options):
        how = self._next(address, "later", "never")
        if how == "later":
            return "451 try again later"
        if how == "never":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        for recipient in envelope.rcpt_tos:
            how = self._next(recipient, "drop", "stall", "call")
            if how == "stall":
                await server.loop.run_in_executor(None, self._released.wait)
                return "451 never mind"
            self.letters.append((recipient, letter))
            if how == "drop":
                server.transport.abort()
                return "250 unheard"
            if callable(how):
                await server.loop.run_in_executor(None, how)
        return "250 OK queued as 4711"

    def to(self, recipient):
        return [letter for who, letter in self.letters if who == recipient]

    def stop(self):
        self._released.set()
        self._controller.stop()


def text_of(letter):
    return letter.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(letter):
    return letter.get_body(("html",)).get_content()
