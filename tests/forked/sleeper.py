"""A command that does nothing until a signal ends it."""

import signal

if __name__ == "__main__":
    print("asleep", flush=True)
    while True:
        signal.pause()
