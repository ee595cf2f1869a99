"""Starts one command: drops the user, asks the kernel to be killed with the emulator, becomes the command.

Run as `python -I -S launch.py PARENT SIGNAL USER -- COMMAND...`; standard library only, because it starts often.
The kernel's part exists on Linux alone; elsewhere the watcher (watch.py) does it.
"""
import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(arguments):
    parent, signal_number, user = int(arguments[0]), int(arguments[1]), arguments[2]
    command = arguments[arguments.index("--") + 1:]
    if user:
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        # After setuid, which clears it. The parent may have died before: then getppid differs.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
