"""A platform of all the constructs that the library uses, synthesized by aws-cdk-lib, deployed, used and deleted."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from assemblies import NODE_MODULES, has_cdk, publish, synthesize
from conftest import IMAGE, RunningEmulator, eventually
from templates import ECHO

from ml_platform_emulator.databases import find_programs

CHART = Path(__file__).parent / "chart"
CLIENTS = Path(os.environ.get("ML_TEST_NODE_MODULES") or NODE_MODULES)
NEEDED = ("client-ec2", "client-s3", "client-lambda", "client-sfn")
missing = [client for client in NEEDED if not (CLIENTS / "@aws-sdk" / client).exists()]
pytestmark = [
    pytest.mark.skipif(not has_cdk(), reason="node or aws-cdk-lib is not installed"),
    pytest.mark.skipif(bool(missing), reason=f"the CDK's own Lambda functions need @aws-sdk/{', '.join(missing)}"),
]


def cached(tool: str) -> str | None:
    """A program of the project's cache, or of PATH."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cdk-ml-platform"
    found = sorted(Path(os.environ.get("ML_PLATFORM_CACHE") or home).glob(f"{tool}-*/{tool}"))
    return str(found[-1]) if found else shutil.which(tool)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory):
    """The synthesized app."""
    return synthesize(tmp_path_factory.mktemp("assembly"), IMAGE, str(CHART), PROGRAM=ECHO)


def start(directory: Path, **environment) -> RunningEmulator:
    """An emulator for the CDK's Lambda functions."""
    return RunningEmulator(directory, NODE_PATH=str(CLIENTS), ML_EMULATOR_SERVICE_TIMEOUT="30", **environment)


def deploy(emulator, assembly: Path, stack: str) -> dict:
    """Deploys a stack of the assembly."""
    publish(emulator, assembly, stack)
    cloudformation = emulator.client("cloudformation")
    artifact = json.loads((assembly / "manifest.json").read_text())["artifacts"][stack]
    url = artifact["properties"]["stackTemplateAssetObjectUrl"].replace("s3://", f"{emulator.endpoint}/")
    cloudformation.create_stack(StackName=stack, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
    settled = emulator._settled(cloudformation, stack)
    assert settled["StackStatus"] == "CREATE_COMPLETE", emulator.failures(stack)
    return {o["OutputKey"]: o["OutputValue"] for o in settled.get("Outputs", [])}


@pytest.fixture(scope="module")
def platform(assembly):
    """The deployed platform."""
    directory = tempfile.mkdtemp(prefix="ml-emulator-test-")
    emulator = start(Path(directory))
    try:
        emulator.outputs = deploy(emulator, assembly, "Platform")
        yield emulator
    finally:
        emulator.stop()
        shutil.rmtree(directory)


def test_the_service_answers_and_has_the_database_of_its_stack(platform):
    status, body = platform.get("/_alb/echo.platform.internal/")
    assert status == 200
    assert body["env"]["ML_DATABASE_PASSWORD"]
    if find_programs():
        with socket.create_connection((body["env"]["ML_DATABASE_HOST"], int(body["env"]["ML_DATABASE_PORT"])), 2):
            pass
    assert platform.get("/_alb/other.platform.internal/")[0] == 502


def test_what_is_only_stubbed_is_in_the_report_and_nothing_else(platform):
    lines = [line for line in platform.report("Platform") if line["kind"] == "stubbed"]
    assert sorted(line["type"] for line in lines) == [
        "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::CloudWatch::Alarm", "AWS::LakeFormation::DataLakeSettings"]
    assert all(line["detail"] and line["logicalId"] for line in lines)


def test_every_other_resource_is_in_the_report_once_as_emulated(platform, assembly):
    template = json.loads((assembly / "Platform.template.json").read_text())["Resources"]
    expected = {name for name, resource in template.items() if not resource["Type"].startswith("Custom::")}
    reported = [line["logicalId"] for line in platform.report("Platform") if line["kind"] in ("emulated", "stubbed")]
    assert sorted(reported) == sorted(expected)


def test_network_types_that_cloudformation_lacked_are_in_the_api(platform):
    ec2 = platform.client("ec2")
    gateway = ec2.describe_nat_gateways()["NatGateways"]
    assert [g["State"] for g in gateway] == ["available"]
    assert len(ec2.describe_addresses()["Addresses"]) == 1
    assert len(ec2.describe_flow_logs()["FlowLogs"]) == 1
    between_groups = [rule for group in ec2.describe_security_groups()["SecurityGroups"]
                      for rule in group["IpPermissions"] if rule.get("UserIdGroupPairs") and rule.get("FromPort")]
    assert sorted(rule["FromPort"] == 8080 for rule in between_groups) == [False, True]  # the database's, the service's


def test_the_provider_framework_waits_for_is_complete(platform):
    assert platform.outputs["Begun"] == "2"  # the second try said so


def test_the_stack_goes_with_its_objects_its_database_and_its_processes(platform):
    platform.client("s3").put_object(Bucket=platform.outputs["LakeName"], Key="left/behind", Body=b"x")
    pid = platform.get("/_alb/echo.platform.internal/")[1]["pid"]
    assert platform.delete("Platform") == "DELETE_COMPLETE", platform.failures("Platform")
    assert platform.outputs["LakeName"] not in {b["Name"] for b in platform.client("s3").list_buckets()["Buckets"]}
    eventually(lambda: not Path(f"/proc/{pid}").exists(), 5)
    assert platform.client("ec2").describe_addresses()["Addresses"] == []


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def api_server(tmp_path_factory):
    """A real API server; returns its kubeconfig."""
    etcd, server = cached("etcd"), cached("kube-apiserver")
    if not (etcd and server and cached("helm")):
        pytest.skip("etcd, kube-apiserver or helm is not in the project's cache")
    folder = tmp_path_factory.mktemp("kubernetes")
    client, peer, port = free_port(), free_port(), free_port()
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text("secret,admin,admin,system:masters\n")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    database = subprocess.Popen(
        [etcd, "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync", f"--listen-client-urls=http://127.0.0.1:{client}",
         f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
         f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}"],
        **quiet)
    api = subprocess.Popen(
        [server, f"--etcd-servers=http://127.0.0.1:{client}", "--bind-address=127.0.0.1", f"--secure-port={port}",
         f"--cert-dir={folder}", f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
         f"--service-account-issuer=https://127.0.0.1:{port}", f"--service-account-signing-key-file={folder / 'sa.key'}",
         f"--service-account-key-file={folder / 'sa.key'}", "--service-cluster-ip-range=10.96.0.0/16",
         "--disable-admission-plugins=ServiceAccount", "--enable-priority-and-fairness=false"], **quiet)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "local",
        "clusters": [{"name": "local", "cluster": {"server": f"https://127.0.0.1:{port}",
                                                   "certificate-authority": str(folder / "apiserver.crt")}}],
        "users": [{"name": "admin", "user": {"token": "secret"}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "admin"}}]}))
    read = reader(port)
    deadline = time.monotonic() + 60
    while read("/api/v1/namespaces/default") is None and time.monotonic() < deadline:
        time.sleep(0.2)
    yield str(kubeconfig), read
    for process in (api, database):
        process.terminate()
        process.wait(20)


def reader(port: int):
    """Reads an object of the API server, or None."""
    context = ssl._create_unverified_context()

    def read(path):
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Authorization": "Bearer secret"})
        try:
            with urllib.request.urlopen(request, context=context, timeout=5) as response:
                return json.loads(response.read())
        except OSError:
            return None
    return read


@pytest.fixture(scope="module")
def vpc_exports(assembly):
    """The Kubernetes stack imports the network of the other one: a small stack that exports the same names."""
    template = json.loads((assembly / "Platform.template.json").read_text())
    names = {o["Export"]["Name"]: name for name, o in template["Outputs"].items() if "Export" in o}
    return {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
                          "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {
                              "VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}}},
            "Outputs": {output: {"Value": {"Ref": "Subnet" if "Subnet" in name else "Vpc"}, "Export": {"Name": name}}
                        for name, output in names.items()}}


def with_exports(emulator, exports):
    """Deploys the exporting stack."""
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="Exports", TemplateBody=json.dumps(exports))
    assert emulator._settled(cloudformation, "Exports")["StackStatus"] == "CREATE_COMPLETE"


def test_charts_and_manifests_are_applied_to_a_real_api_server(api_server, assembly, vpc_exports, tmp_path):
    kubeconfig, read = api_server
    emulator = start(tmp_path, ML_EMULATOR_KUBECONFIG=kubeconfig, ML_EMULATOR_HELM=cached("helm"))
    try:
        with_exports(emulator, vpc_exports)
        outputs = deploy(emulator, assembly, "Kubernetes")
        assert outputs["Endpoint"].startswith("https://127.0.0.1:")
        assert outputs["Patched"] == "yes"
        chart = read("/api/v1/namespaces/ml/configmaps/from-chart")
        assert chart["data"]["greeting"].startswith("Kubernetes-PodRole")
        assert chart["metadata"]["annotations"]["meta.helm.sh/release-name"] == "own"
        cdk = read("/api/v1/namespaces/default/configmaps/from-cdk")
        assert cdk["data"]["role"].startswith("arn:aws:iam::000000000000:role/")
        lines = {(line["kind"], line["logicalId"][:6]): line["detail"] for line in emulator.report("Kubernetes")
                 if line["kind"] in ("applied", "recorded")}
        assert {kind for kind, _ in lines} == {"applied", "recorded"}
        assert [detail for (kind, _), detail in lines.items() if kind == "recorded"] == [
            "release cert-manager: chart cert-manager 1.19.0 of https://charts.example.com would have to be fetched: "
            "not installed"]
        groups = emulator.client("ec2").describe_security_groups()["SecurityGroups"]
        assert len([group for group in groups if group["GroupName"].startswith("eks-cluster-sg-")]) == 1
        assert emulator.client("eks").list_addons(clusterName=emulator.client("eks").list_clusters()["clusters"][0])[
            "addons"] == ["eks-pod-identity-agent"]
        assert emulator.delete("Kubernetes") == "DELETE_COMPLETE", emulator.failures("Kubernetes")
        assert read("/api/v1/namespaces/ml/configmaps/from-chart") is None
        assert read("/api/v1/namespaces/default/configmaps/from-cdk") is None
    finally:
        emulator.stop()


def test_without_an_api_server_everything_is_recorded_and_nothing_pretends(assembly, vpc_exports, tmp_path):
    emulator = start(tmp_path)
    try:
        with_exports(emulator, vpc_exports)
        assert deploy(emulator, assembly, "Kubernetes")["Patched"] == "unknown-without-kubernetes"
        lines = [line for line in emulator.report("Kubernetes") if line["type"].startswith("Custom::AWSCDK-EKS-")]
        assert {line["kind"] for line in lines} == {"recorded"}
        assert len(lines) == 5
        assert all("no local API server" in line["detail"] for line in lines)
        assert emulator.delete("Kubernetes") == "DELETE_COMPLETE"
    finally:
        emulator.stop()
