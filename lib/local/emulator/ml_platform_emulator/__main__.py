"""`python -m ml_platform_emulator`: prints `ready <endpoint>` when it answers, ends on SIGTERM or SIGINT.
With `--types` it prints the table of CloudFormation types as JSON instead."""
import asyncio
import json
import os
import signal
import sys
import threading
import time

from .settings import Settings

END_WITHIN_S = 4.5
STOP_GRACE_S = 2.5


def main() -> None:
    """Runs the emulator until it is told to end."""
    if sys.argv[1:] == ["--types"]:
        from .catalogue import handled_types
        print(json.dumps(handled_types(), indent=1))
        return
    settings = Settings.read()
    _lead_own_group()
    settings.prepare()
    from .emulator import Emulator  # after prepare: ministack reads the environment when it is imported
    emulator = Emulator(settings)
    try:
        asyncio.run(_serve(emulator, settings))
    finally:
        _end(emulator)


async def _serve(emulator, settings: Settings) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        ending.set()
        threading.Timer(END_WITHIN_S - STOP_GRACE_S, _end, [emulator]).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if settings.parent:
        threading.Thread(target=_follow, args=(settings.parent, loop, end), daemon=True).start()
    config = Config()
    config.bind = [f"{settings.host}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    announcement = asyncio.create_task(_announce(settings))
    await serve(emulator.application, config, shutdown_trigger=ending.wait)
    announcement.cancel()
    _end(emulator)


async def _announce(settings: Settings) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
            writer.close()
            print(f"ready {settings.endpoint}", flush=True)
            return
        except OSError:
            await asyncio.sleep(0.05)


def _follow(parent: int, loop, end) -> None:
    while True:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            loop.call_soon_threadsafe(end)
            return
        time.sleep(1)


def _lead_own_group() -> None:
    """Lambda workers inherit the group, so that the watcher can end them. A terminal's Ctrl-C goes to the driver."""
    if os.getpgrp() != os.getpid():
        os.setpgrp()


_ended = threading.Lock()


def _end(emulator) -> None:
    """Ends all children, then this process, whatever threads still wait for."""
    if not _ended.acquire(blocking=False):
        time.sleep(END_WITHIN_S)
        return
    emulator.end(STOP_GRACE_S)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
