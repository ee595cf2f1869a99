"""Fargate services really run and answer through the load balancer."""
import json
import time
import urllib.error
import urllib.request

import pytest
from conftest import StackFailed, eventually
from templates import ECHO, att, balancer, forward, group, ref, rule, service, task


@pytest.fixture(scope="module")
def echo(emulator):
    """A service behind host echo.ml.internal, with a secret and settings."""
    resources = {
        **balancer("echo"),
        "Group": group(),
        "Rule": rule(100, {"host-header": ["echo.ml.internal"]}, forward(("Group", 1))),
        "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "ml.internal."}},
        "Alias": {"Type": "AWS::Route53::RecordSet", "Properties": {
            "Name": "alias.ml.internal.", "Type": "A", "HostedZoneId": ref("Zone"), "AliasTarget": {
                "DNSName": {"Fn::Join": ["", ["dualstack.", att("Balancer", "DNSName")]]},
                "HostedZoneId": att("Balancer", "CanonicalHostedZoneID")}}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {
            "GenerateSecretString": {"SecretStringTemplate": "{\"username\":\"ml\"}", "GenerateStringKey": "password"}}},
        "Task": task(["python", "-c", ECHO], "echo", Environment=[{"Name": "COLOUR", "Value": "blue"}], Secrets=[
            {"Name": "DB_USER", "ValueFrom": {"Fn::Join": ["", [ref("Secret"), ":username::"]]}}]),
        "Service": service("Task", "Group", "echo", count=2),
    }
    emulator.deploy("Echo", resources)
    return resources


def answer(emulator, path="/hello", host="echo.ml.internal"):
    status, body = emulator.get(f"/_alb/{host}{path}")
    assert status == 200, body
    return body


def test_a_service_answers_through_the_front_door_with_its_own_host_name(emulator, echo):
    body = answer(emulator, "/deep/path?q=1")
    assert body["path"] == "/deep/path?q=1"
    assert body["host"] == "echo.ml.internal"


def test_a_service_answers_to_a_plain_host_header(emulator, echo):
    status, body = emulator.get("/plain", {"Host": "echo.ml.internal"})
    assert (status, body["path"], body["host"]) == (200, "/plain", "echo.ml.internal")


def test_requests_are_spread_over_both_tasks(emulator, echo):
    assert len({answer(emulator)["pid"] for _ in range(30)}) == 2


def test_a_host_that_only_dns_knows_reaches_the_default_action(emulator, echo):
    assert emulator.get("/_alb/alias.ml.internal/") == (404, "nobody")


def test_an_unknown_host_is_refused_with_the_known_ones(emulator, echo):
    status, body = emulator.get("/_alb/nobody.ml.internal/")
    assert status == 502
    assert "no load balancer answers for nobody.ml.internal" in body["message"]
    assert "echo.ml.internal" in body["message"]


def test_the_process_has_the_definition_s_environment_and_secrets_and_nobody_else_s(emulator, echo):
    environment = answer(emulator)["env"]
    assert environment["COLOUR"] == "blue"
    assert environment["DB_USER"] == "ml"
    assert environment["ML_HOST"] == "127.0.0.1"
    assert environment["AWS_ENDPOINT_URL"] == emulator.endpoint
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["HOME"].startswith(str(emulator.directory / "emulator"))
    assert environment["TMPDIR"].startswith(environment["HOME"])
    assert "ML_EMULATOR_DIR" not in environment
    assert "PYTHONPATH" not in environment
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in environment


def test_a_process_reaches_another_service_by_its_internal_host_name(emulator, echo):
    assert answer(emulator, "/ask/echo.ml.internal/inner")["path"] == "/inner"


def test_a_post_arrives_whole_and_the_answer_s_status_comes_through(emulator, echo):
    request = urllib.request.Request(f"{emulator.endpoint}/_alb/echo.ml.internal/x", data=b"x" * 200_000)
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(request)
    assert answered.value.code == 418
    assert answered.value.read() == b"200000"


def test_output_goes_to_cloudwatch_logs_and_to_a_file(emulator, echo):
    answer(emulator, "/logged")
    logs = emulator.client("logs")
    events = eventually(lambda: [e for e in logs.filter_log_events(logGroupName="/echo")["events"]
                                 if e["message"] == "served /logged"])
    assert len(events) == 1
    files = (emulator.directory / "emulator" / "logs").glob("echo-main-*.log")
    assert any("served /logged" in file.read_text() for file in files)


def test_target_health_is_that_of_the_process(emulator, echo):
    elb = emulator.client("elbv2")
    arn = emulator.physical_ids("Echo")["Group"]

    def states():
        described = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sorted(d["TargetHealth"]["State"] for d in described)
    assert states() == ["healthy", "healthy"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": 9}])
    assert states() == ["healthy", "healthy", "initial"]
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": 9}])
    for _ in range(5):
        assert answer(emulator)["path"] == "/hello"


def test_a_killed_task_is_replaced_and_its_exit_code_is_128_plus_the_signal(emulator, echo):
    import os
    import signal
    ecs = emulator.client("ecs")
    victim = answer(emulator)["pid"]
    before = set(ecs.list_tasks(cluster="echo")["taskArns"])
    os.kill(victim, signal.SIGKILL)
    stopped = eventually(lambda: ecs.list_tasks(cluster="echo", desiredStatus="STOPPED")["taskArns"])
    ended = ecs.describe_tasks(cluster="echo", tasks=stopped)["tasks"]
    assert [c["exitCode"] for t in ended for c in t["containers"]] == [137]
    running = eventually(lambda: (now := set(ecs.list_tasks(cluster="echo")["taskArns"])) != before
                         and len(now) == 2 and now)
    assert len(running) == 2


def test_a_rule_with_a_priority_in_use_is_refused(emulator, echo):
    with pytest.raises(StackFailed) as failed:
        emulator.deploy("Echo", {**echo, "Second": rule(100, {"host-header": ["b.ml.internal"]}, forward(("Group", 1)))})
    assert failed.value.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Priority '100' is currently in use" in failed.value.reasons[0]


def test_rules_choose_by_path_and_groups_by_weight(emulator):
    shout = ECHO.replace("'path': self.path", "'path': self.path.upper()")
    emulator.deploy("Split", {
        **balancer("split"), "A": group(), "B": group(),
        "Rule": rule(1, {"host-header": ["split.ml.internal"], "path-pattern": ["/only/*"]}, forward(("B", 1))),
        "Split": rule(2, {"host-header": ["split.ml.internal"]}, forward(("A", 30), ("B", 70))),
        "TaskA": task(["python", "-c", ECHO], "a"), "ServiceA": service("TaskA", "A", "a"),
        "TaskB": task(["python", "-c", shout], "b"), "ServiceB": service("TaskB", "B", "b"),
    })
    assert answer(emulator, "/only/b", "split.ml.internal")["path"] == "/ONLY/B"
    upper = sum(answer(emulator, "/x", "split.ml.internal")["path"] == "/X" for _ in range(150))
    assert 80 < upper < 130  # 105 expected; 4 standard deviations are 22
    elb, ids = emulator.client("elbv2"), emulator.physical_ids("Split")
    described = elb.describe_rules(RuleArns=[ids["Split"]])["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [g["Weight"] for g in described] == [30, 70]
    elb.modify_rule(RuleArn=ids["Split"], Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": ids["A"], "Weight": 100}, {"TargetGroupArn": ids["B"], "Weight": 0}]}}])
    assert {answer(emulator, "/x", "split.ml.internal")["path"] for _ in range(20)} == {"/x"}


def test_a_service_whose_process_ends_fails_its_stack_with_the_last_words(emulator):
    crash = "import sys; print('the model is missing', flush=True); sys.exit(3)"
    with pytest.raises(StackFailed) as failed:
        emulator.deploy("Crash", {
            **balancer("crash"), "Group": group(),
            "Rule": rule(1, {"host-header": ["crash.ml.internal"]}, forward(("Group", 1))),
            "Task": task(["python", "-c", crash], "crash"), "Service": service("Task", "Group", "crash")})
    assert failed.value.status == "ROLLBACK_COMPLETE"
    assert "service crash failed" in failed.value.reasons[0]
    assert "the model is missing" in failed.value.reasons[0]


def test_an_update_that_fails_leaves_the_old_service_answering(emulator):
    def stack(command):
        return {**balancer("keep"), "Group": group(),
                "Rule": rule(1, {"host-header": ["keep.ml.internal"]}, forward(("Group", 1))),
                "Task": task(["python", "-c", command], "keep"), "Service": service("Task", "Group", "keep")}
    emulator.deploy("Keep", stack(ECHO))
    with pytest.raises(StackFailed) as failed:
        emulator.deploy("Keep", stack("raise SystemExit(1)"))
    assert failed.value.status == "UPDATE_ROLLBACK_COMPLETE"
    assert answer(emulator, "/still", "keep.ml.internal")["path"] == "/still"


def test_an_image_of_somebody_else_is_not_run_and_reported(emulator):
    emulator.deploy("Foreign", {
        **balancer("foreign"), "Group": group(),
        "Rule": rule(1, {"host-header": ["foreign.ml.internal"]}, forward(("Group", 1))),
        "Task": task(["server"], "foreign", image="public.ecr.aws/other/image:1"),
        "Service": service("Task", "Group", "foreign")})
    lines = [line for line in emulator.report() if line["kind"] == "not-run"]
    assert [line["logicalId"] for line in lines] == ["foreign"]
    assert "public.ecr.aws/other/image:1" in lines[0]["detail"]
    health = emulator.client("elbv2").describe_target_health(
        TargetGroupArn=emulator.physical_ids("Foreign")["Group"])["TargetHealthDescriptions"]
    assert [d["TargetHealth"]["State"] for d in health] == ["unavailable"]


def test_a_service_in_another_region_is_reached_too(emulator):
    resources = {**balancer("west"), "Group": group(),
                 "Rule": rule(1, {"host-header": ["west.ml.internal"]}, forward(("Group", 1))),
                 "Task": task(["python", "-c", ECHO], "west"), "Service": service("Task", "Group", "west")}
    emulator.deploy("West", json.loads(json.dumps(resources).replace("us-east-1", "eu-west-1")), region="eu-west-1")
    assert answer(emulator, "/", "west.ml.internal")["env"]["AWS_REGION"] == "eu-west-1"


def test_deleting_the_stack_ends_its_processes(emulator):
    from conftest import alive
    emulator.deploy("Gone", {**balancer("gone"), "Group": group(),
                             "Rule": rule(1, {"host-header": ["gone.ml.internal"]}, forward(("Group", 1))),
                             "Task": task(["python", "-c", ECHO], "gone"), "Service": service("Task", "Group", "gone")})
    pid = answer(emulator, "/", "gone.ml.internal")["pid"]
    assert alive(pid)
    started = time.monotonic()
    assert emulator.delete("Gone") == "DELETE_COMPLETE"
    eventually(lambda: not alive(pid), 10)
    assert time.monotonic() - started < 10


def test_the_front_door_asks_the_https_listener_and_not_the_redirect_beside_it(emulator):
    resources = balancer("secure")
    resources["Listener"]["Properties"]["DefaultActions"] = [
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]
    emulator.deploy("Secure", {
        **{name: resources[name] for name in ("Balancer", "Listener")},
        "Certificate": {"Type": "AWS::CertificateManager::Certificate", "Properties": {"DomainName": "*.secure.internal"}},
        "Https": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": ref("Balancer"), "Port": 443, "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": ref("Certificate")}], "DefaultActions": [
                {"Type": "fixed-response", "FixedResponseConfig": {
                    "StatusCode": "200", "ContentType": "application/json", "MessageBody": "\"secure\""}}]}}})
    assert emulator.get("/_alb/secure/anything") == (200, "secure")
