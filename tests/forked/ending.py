"""A command that ends in the way that TEST_END says, and speaks until Python ends."""

import atexit
import os
import sys
import threading


def main(end: str) -> None:
    atexit.register(print, "at exit")
    threading.Thread(target=speak_last).start()
    print("the command", end=" ")  # nothing writes this out but the end
    if end == "error":
        raise LookupError(end)
    if end != "nothing":
        sys.exit("It cannot be." if end == "words" else 5)


def speak_last() -> None:
    threading.main_thread().join()
    print("a thread")


if __name__ == "__main__":
    main(os.environ["TEST_END"])
