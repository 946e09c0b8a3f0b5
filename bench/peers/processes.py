"""Processor time of trees of processes, by what each process is for."""
import os
import pathlib
import re
import threading

TICK = os.sysconf("SC_CLK_TCK")
# Roles of the sessions that are the bench's own, by the user that they are opened for.
ENDED = "ended processes"
BENCH = "bench"
SESSIONS = {"load": "application", "watch": BENCH}


def numbers_of(pid):
    """The fields of /proc/PID/stat from the state on, or nothing where the process has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(pid):
    """The process and all below it."""
    yield pid
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield from tree(int(child))


def role_of(pid, is_root):
    try:
        title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ENDED
    if "/bin/postgres " in title:
        # A child that has not said yet what it is has the title of its parent.
        return "postmaster" if is_root else ENDED
    if title.startswith("postgres: walsender "):
        return "walsender"
    session = re.match(r"postgres: (\w+) \w+ \[local\]", title)
    if session:
        return SESSIONS.get(session[1], "its sessions")
    if title.startswith("postgres: "):
        return re.match(r"[a-z ]*[a-z]", title.removeprefix("postgres: "))[0].removesuffix(" for subscription")
    words = title.split() or [ENDED]
    return f"Bucardo {words[1].rstrip('.')}" if words[0] == "Bucardo" else pathlib.Path(words[0]).name


class Meter:
    """What the trees below the named processes use while the meter runs.

    Processes that end meanwhile are known by name if they were seen once; what they used after that, and processes that were
    never seen, are in the time of waited-for children of their root."""

    def __init__(self, roots):
        self.roots = roots
        self.first, self.last, self.roles = {}, {}, {}
        self.is_over = threading.Event()

    def __enter__(self):
        self.waited_first = {name: self.waited(pid) for name, pid in self.roots.items()}
        self.look()
        self.first = dict(self.last)
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.watcher.join()
        self.living = self.look()
        self.waited_last = {name: self.waited(pid) for name, pid in self.roots.items()}

    def watch(self):
        while not self.is_over.wait(0.05):
            self.look()

    @staticmethod
    def waited(pid):
        numbers = numbers_of(pid)
        return (int(numbers[13]) + int(numbers[14])) / TICK if numbers else 0.0

    def look(self):
        seen = set()
        for name, root in self.roots.items():
            for pid in tree(root):
                numbers = numbers_of(pid)
                if numbers is None:
                    continue
                key = (name, pid, numbers[19])
                if self.roles.get(key, ENDED) == ENDED:
                    self.roles[key] = role_of(pid, pid == root)
                self.last[key] = (int(numbers[11]) + int(numbers[12])) / TICK
                seen.add(key)
        return seen

    def seconds(self):
        """Of each root: seconds by role."""
        used = {name: {} for name in self.roots}
        for key, seconds in self.last.items():
            roles = used[key[0]]
            roles[self.roles[key]] = roles.get(self.roles[key], 0.0) + seconds - self.first.get(key, 0.0)
        for name, roles in used.items():
            ended = sum(seconds for key, seconds in self.last.items() if key[0] == name and key not in self.living)
            rest = self.waited_last[name] - self.waited_first[name] - ended
            if rest > 0:
                roles[ENDED] = roles.get(ENDED, 0.0) + rest
        return {name: {role: seconds for role, seconds in roles.items() if seconds > 0} for name, roles in used.items()}
