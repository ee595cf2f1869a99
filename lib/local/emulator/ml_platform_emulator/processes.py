"""Processes of the emulator's own: each in its own group, logged to a file, and never left behind."""
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Mapping, Optional, Sequence

_HERE = Path(__file__).parent


class ChildProcess:
    """One running command."""

    def __init__(self, popen: subprocess.Popen, log: Path, stop_signal: int):
        self._popen = popen
        self.pid = popen.pid
        self.log = log
        self.stop_signal = stop_signal

    @property
    def running(self) -> bool:
        """Whether the command has not ended yet."""
        return self._popen.poll() is None

    @property
    def exit_code(self) -> Optional[int]:
        """None while it runs; 128 + n when signal n ended it, as a container reports it."""
        code = self._popen.poll()
        return 128 - code if code is not None and code < 0 else code

    def wait(self, timeout: Optional[float] = None) -> int:
        """Waits for the end and returns the exit code; raises subprocess.TimeoutExpired."""
        self._popen.wait(timeout)
        return self.exit_code

    def signal(self, number: int) -> None:
        """Signals the whole group; one that has ended is ignored."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def stop(self, grace_s: float) -> None:
        """Asks to end, then insists."""
        if not self.running:
            return
        for number, seconds in ((self.stop_signal, grace_s), (signal.SIGKILL, 2)):
            self.signal(number)
            try:
                self._popen.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                continue

    def tail(self, characters: int = 2000) -> str:
        """The end of what it wrote."""
        try:
            return self.log.read_text(errors="replace")[-characters:]
        except OSError:
            return ""


class ProcessTable:
    """Starts and ends processes. All are started by one thread that lives as long as the emulator, because Linux
    signals a child when the *thread* that made it ends (prctl(2), PR_SET_PDEATHSIG)."""

    def __init__(self, directory: Path):
        self._kill_list = directory / "children.jsonl"
        self._children: dict[int, ChildProcess] = {}
        self._lock = threading.Lock()
        self._requests: queue.Queue = queue.Queue()
        self._closed = False
        own_group = os.getpgrp() if os.getpgrp() == os.getpid() else 0
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_HERE / "watch.py"), str(self._kill_list), str(own_group)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        threading.Thread(target=self._serve, name="ml-spawner", daemon=True).start()

    def start(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path, directory: Path,
              user: str = "", stop_signal: int = signal.SIGTERM, death_signal: int = signal.SIGKILL) -> ChildProcess:
        """Starts a command; raises OSError when it cannot be."""
        answer: queue.Queue = queue.Queue()
        self._requests.put((answer, list(command), dict(environment), log, directory, user, stop_signal, death_signal))
        child = answer.get()
        if isinstance(child, BaseException):
            raise child
        return child

    def stop_all(self, grace_s: float) -> None:
        """Ends every process, all at the same time."""
        self._closed = True
        with self._lock:
            children = [child for child in self._children.values() if child.running]
        for child in children:
            child.signal(child.stop_signal)
        deadline = time.monotonic() + grace_s
        while any(child.running for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in children:
            if child.running:
                child.signal(signal.SIGKILL)

    def dismiss_watcher(self) -> None:
        """The last act of a clean exit: nothing is left to kill."""
        self._kill_list.write_text("")
        self._watcher.kill()
        self._watcher.wait(2)

    def _serve(self) -> None:
        while True:
            answer, *arguments = self._requests.get()
            try:
                answer.put(self._spawn(*arguments))
            except BaseException as error:  # handed to the caller of start()
                answer.put(error)

    def _spawn(self, command, environment, log, directory, user, stop_signal, death_signal) -> ChildProcess:
        if self._closed:
            raise OSError("the emulator is ending")
        log.parent.mkdir(parents=True, exist_ok=True)
        launcher = [sys.executable, "-I", "-S", str(_HERE / "launch.py"),
                    str(os.getpid()), str(int(death_signal)), user, "--"]
        with open(log, "ab") as output:
            popen = subprocess.Popen(launcher + command, env=environment, cwd=directory, stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        child = ChildProcess(popen, log, stop_signal)
        self._note({"group": child.pid, "signal": int(stop_signal)})
        with self._lock:
            self._children[child.pid] = child
        threading.Thread(target=self._await_end, args=(child,), name=f"ml-await-{child.pid}", daemon=True).start()
        return child

    def _await_end(self, child: ChildProcess) -> None:
        child.wait()
        child.signal(signal.SIGKILL)  # what the process had started itself
        with self._lock:
            self._children.pop(child.pid, None)
        self._note({"gone": child.pid})

    def _note(self, entry: dict) -> None:
        with self._lock, open(self._kill_list, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
