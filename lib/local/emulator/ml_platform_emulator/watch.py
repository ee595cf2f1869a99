"""Outlives the emulator by a moment: when its standard input ends, it kills what the emulator had started.

Run as `python -I -S watch.py KILL_LIST EMULATOR_GROUP`, with a pipe from the emulator as standard input. The kill list
has one JSON object a line: {"group": n, "signal": n} when a process starts, {"gone": n} when it was seen to end.
"""
import json
import os
import signal
import sys
import time

GRACE_S = 1.0


def groups_of(path):
    """The process groups that are still to be ended, with the signal each wants first."""
    groups = {}
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                if "gone" in entry:
                    groups.pop(entry["gone"], None)
                else:
                    groups[entry["group"]] = entry["signal"]
    except (FileNotFoundError, ValueError):
        pass
    return groups


def kill(group, signal_number):
    """Signals a group; False when nobody is left in it."""
    try:
        os.killpg(group, signal_number)
        return True
    except (ProcessLookupError, PermissionError):
        return False


def main(path, own_group):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while sys.stdin.buffer.read(1):
        pass
    groups = groups_of(path)
    if own_group:
        groups[own_group] = signal.SIGTERM
    left = {group for group, first in groups.items() if kill(group, first)}
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if kill(group, 0)}
    for group in left:
        kill(group, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
