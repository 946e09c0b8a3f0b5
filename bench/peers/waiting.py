"""Waits that end: every one has a deadline and says what it waited for."""
import time

# Seconds that one wait, one statement or one command may take.
patience = 300.0


def until(is_done, what, interval=0.01):
    end = time.monotonic() + patience
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError(f"after {patience:.0f} s still awaited: {what}")
        time.sleep(interval)
