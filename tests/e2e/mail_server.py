"""A real SMTP server on a free port, with recipients that it treats badly."""
import email
import email.policy
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def certificate(folder, name="127.0.0.1"):
    """A key and a certificate for this address, that nobody has signed but itself: paths of key and certificate."""
    key, made = folder / "mail-key.pem", folder / "mail-ca.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", made, "-days", "2", "-subj", "/CN=mail", "-addext",
                    f"subjectAltName=IP:{name}"], check=True, capture_output=True)
    return key, made


class MailServer:
    """Keeps every letter that it accepted as (recipient, letter). `treat[recipient]` is a list of what is done with
    the next ones: "later" (451), "never" (550), "drop" (takes it and says nothing), "stall", or something to call
    before the letter is acknowledged."""

    def __init__(self, tls=None, certificate=None, login=None):
        """`tls` is "starttls" (nothing is taken without it) or "implicit"; `login` a user and a password."""
        self.letters = []
        self.encrypted = []
        self.logins = []
        self.treat = {}
        self._released = threading.Event()
        self._end = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"smtp{'s' if tls == 'implicit' else ''}://127.0.0.1:{port}"
        more = {}
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[1], certificate[0])
            more = {"ssl_context": context} if tls == "implicit" else {"tls_context": context, "require_starttls": True}
        if login:
            def check(server, session, envelope, mechanism, data):
                self.logins.append((data.login.decode(), data.password.decode()))
                return AuthResult(success=self.logins[-1] == login, handled=False)
            more |= {"auth_required": True, "authenticator": check, "auth_require_tls": tls == "starttls"}
        self._controller = Controller(self, hostname="127.0.0.1", port=port, **more)
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
            self.encrypted.append(session.ssl is not None)
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
        if self._controller.loop.is_running():
            self._controller.stop()


def text_of(letter):
    return letter.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(letter):
    return letter.get_body(("html",)).get_content()
