"""Cloud assemblies of the CDK, deployed without its command line."""
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[3]
NODE_MODULES = PROJECT / "node_modules"


def has_cdk() -> bool:
    """Whether the project's node_modules are there."""
    return bool(shutil.which("node")) and (NODE_MODULES / "aws-cdk-lib").exists()


def synthesize(directory: Path, *arguments: str, **environment: str) -> Path:
    """Runs platform_app.js; returns its assembly."""
    done = subprocess.run(["node", str(HERE / "platform_app.js"), str(directory), *arguments], capture_output=True,
                          text=True, env={**os.environ, "NODE_PATH": str(NODE_MODULES), "CDK_VALIDATION": "false",
                                          **environment})
    assert done.returncode == 0, done.stderr
    return directory


def publish(emulator, assembly: Path, stack: str) -> None:
    """Uploads the assets of a stack, as `cdk deploy` does."""
    s3, ssm = emulator.client("s3"), emulator.client("ssm")
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True)
    for asset in json.loads((assembly / f"{stack}.assets.json").read_text())["files"].values():
        source = assembly / asset["source"]["path"]
        body = zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket = destination["bucketName"]
            if bucket not in {b["Name"] for b in s3.list_buckets()["Buckets"]}:
                s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=body)


def zipped(folder: Path) -> bytes:
    """A folder as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
