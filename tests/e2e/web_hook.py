"""A real HTTP server on a free port that takes web hooks, and treats them as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import threading


class WebHook:
    """Keeps every request as (headers, event). `answers` are the statuses of the next ones; then 204."""

    def __init__(self, secret):
        self.secret = secret
        self.calls = []
        self.answers = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.calls.append((dict(self.headers), json.loads(body), hook.is_signed(self.headers, body)))
                status = hook.answers.pop(0) if hook.answers else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *words):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def is_signed(self, headers, body):
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made = base64.b64encode(hmac.new(self.secret.encode(), text, hashlib.sha256).digest()).decode()
        return headers["webhook-signature"] == "v1," + made

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
