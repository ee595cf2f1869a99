"""How the emulator ends: nothing runs on, nothing is left behind."""
import json
import signal
import socket
import subprocess
import time

import pytest
from conftest import RunningEmulator, alive, eventually
from templates import ECHO, balancer, forward, group, rule, service, task
from test_data import database

GRANDCHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print('grandchild', child.pid, flush=True)
""" + ECHO


SLEEPER = """
import os, pathlib, time
def handler(event, context):
    pathlib.Path(os.environ['TMPDIR'], 'lambda.pid').write_text(str(os.getpid()))
    time.sleep(600)
"""


def start_lambda(emulator):
    """A function that is in the middle of its work."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}
    emulator.deploy("Lambda", {"Role": role, "Sleeper": {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": "sleeper", "Runtime": "python3.13", "Handler": "index.handler", "Timeout": 900,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": SLEEPER}}}})
    emulator.client("lambda").invoke(FunctionName="sleeper", InvocationType="Event")


@pytest.fixture
def running(tmp_path, request):
    """An emulator with a service that has a child of its own, and a database."""
    emulator = RunningEmulator(tmp_path)
    request.addfinalizer(lambda: emulator.process.poll() is None and emulator.stop(signal.SIGKILL))
    emulator.deploy("Life", {
        **balancer("life"), "Group": group(), **database(),
        "Rule": rule(1, {"host-header": ["life.ml.internal"]}, forward(("Group", 1))),
        "Task": task(["python", "-c", GRANDCHILD], "life"), "Service": service("Task", "Group", "life")})
    start_lambda(emulator)
    return emulator


def started(emulator) -> list[int]:
    """The processes that the emulator started, a grandchild and a Lambda worker included."""
    log = next((emulator.directory / "emulator" / "logs").glob("life-main-*.log")).read_text()
    groups = [json.loads(line).get("group") for line in
              (emulator.directory / "emulator" / "children.jsonl").read_text().splitlines()]
    worker = emulator.directory / "emulator" / "tmp" / "lambda.pid"
    eventually(lambda: worker.exists() and worker.read_text())
    pids = [pid for pid in groups if pid] + [int(log.split("grandchild ")[1].split()[0]), int(worker.read_text())]
    assert all(alive(pid) for pid in pids)
    assert len(pids) >= 3
    return pids


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_within_five_seconds_with_all_that_it_started(running, number):
    pids = started(running)
    begun = time.monotonic()
    assert running.stop(number) == 0
    assert time.monotonic() - begun < 5
    assert [pid for pid in pids if alive(pid)] == []


def test_killed_outright_it_still_leaves_nothing_running(running):
    pids = started(running)
    assert running.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not [pid for pid in pids if alive(pid)], 5)


def test_without_the_kernel_s_help_the_watcher_alone_ends_everything(tmp_path):
    from ml_platform_emulator import watch
    kill_list = tmp_path / "children.jsonl"
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen(["python3", "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE)
    gone = subprocess.Popen(["python3", "-c", "import time; time.sleep(60)"], start_new_session=True)
    child.stdout.readline()
    lines = [{"group": child.pid, "signal": signal.SIGTERM}, {"group": gone.pid, "signal": signal.SIGTERM},
             {"gone": gone.pid}]
    kill_list.write_text("".join(json.dumps(line) + "\n" for line in lines))
    watcher = subprocess.Popen(["python3", "-I", "-S", watch.__file__, str(kill_list), "0"], stdin=subprocess.PIPE)
    time.sleep(0.2)
    assert child.poll() is None
    watcher.stdin.close()
    assert child.wait(5) == -signal.SIGKILL
    assert gone.poll() is None
    gone.kill()
    gone.wait()
    watcher.wait(5)
    child.stdout.close()


def test_it_listens_on_this_machine_alone_and_says_so(tmp_path):
    running = RunningEmulator(tmp_path)
    try:
        assert running.endpoint.startswith("http://127.0.0.1:")
        port = int(running.endpoint.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), 1):
            pass
        other = next((a for a in socket.gethostbyname_ex(socket.gethostname())[2] if not a.startswith("127.")), None)
        if other:
            with pytest.raises(OSError):
                socket.create_connection((other, port), 1)
    finally:
        running.stop()


def test_it_leaves_the_system_s_temporary_folder_as_it_was(tmp_path):
    mine = tmp_path / "system-temp"
    mine.mkdir()
    running = RunningEmulator(tmp_path, TMPDIR=str(mine))
    running.deploy("Queue", {"Queue": {"Type": "AWS::SQS::Queue"}})
    running.stop()
    assert list(mine.iterdir()) == []


def test_it_ends_when_the_process_that_it_was_told_to_follow_ends(tmp_path):
    leader = subprocess.Popen(["sleep", "600"])
    running = RunningEmulator(tmp_path, ML_EMULATOR_PARENT=str(leader.pid))
    leader.kill()
    leader.wait()
    assert running.process.wait(8) == 0
    running.process.stdout.close()
    running.errors.close()


def test_a_port_can_be_given(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = RunningEmulator(tmp_path, GATEWAY_PORT=str(port))
    assert running.endpoint == f"http://127.0.0.1:{port}"
    assert running.stop() == 0


def test_a_service_that_keeps_failing_is_restarted_ever_more_slowly():
    from ml_platform_emulator.containers import RestartDelay
    delay, task_ = RestartDelay(), {"clusterArn": "c", "group": "service:s"}
    assert [delay(task_) for _ in range(9)] == [0, 0, 0, 1, 2, 4, 8, 16, 30]
    assert delay({"clusterArn": "c", "group": "service:other"}) == 0
