"""The CDK's EKS custom resources, without their Lambda functions: applied to the local API server when there is one,
else recorded. aws-eks and aws-eks-v2 use the same type names and properties."""
import io
import json
import os
import re
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Mapping, Optional

from ..kubernetes import KubernetesApi, KubernetesError, value_at
from .base import Place, Resource, Services

PREFIX = "Custom::AWSCDK-EKS-"
NO_CLUSTER = "no local API server: not applied"
UNKNOWN_VALUE = "unknown-without-kubernetes"


class _ClusterResource(Resource):
    create_only = ("ClusterName",)

    def __init__(self, services: Services):
        super().__init__(services)
        kubeconfig = services.settings.kubeconfig
        self._api: Optional[KubernetesApi] = KubernetesApi(kubeconfig) if kubeconfig else None

    def _record(self, place: Place, kind: str, detail: str) -> None:
        self.services.report.record(kind, self.type, stack=place.stack, logical_id=place.logical_id, detail=detail)


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


class KubernetesResource(_ClusterResource):
    """Manifests."""

    type = PREFIX + "KubernetesResource"

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        self._apply(place, props, create_only=not _flag(props.get("Overwrite")))
        return place.name(), {}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self._apply(place, new, create_only=False)
        if not self._api:
            return
        kept = {_identity(manifest) for manifest in _manifests(new)}
        for manifest in reversed(_manifests(old)):
            if _identity(manifest) in kept:
                continue
            if "." in manifest["apiVersion"].split("/")[0]:
                self._record(place, "recorded", f"{_label(manifest)} was removed and stays: kubectl's prune does not "
                                                "know custom resources, on AWS neither")
            else:
                self._api.delete(manifest)

    def delete(self, physical_id: str, props: Mapping) -> None:
        for manifest in reversed(_manifests(props)) if self._api else ():
            self._api.delete(manifest)

    def _apply(self, place: Place, props: Mapping, create_only: bool) -> None:
        manifests = _manifests(props)
        labels = ", ".join(_label(manifest) for manifest in manifests)
        if not self._api:
            self._record(place, "recorded", f"{labels}: {NO_CLUSTER}")
            return
        for manifest in manifests:
            self._api.apply(manifest, create_only=create_only)
        self._record(place, "applied", labels)


def _manifests(props: Mapping) -> list[dict]:
    given = props["Manifest"]
    return json.loads(given) if isinstance(given, str) else given


def _identity(manifest: Mapping) -> tuple:
    metadata = manifest["metadata"]
    return manifest["apiVersion"].split("/")[0], manifest["kind"], metadata.get("namespace"), metadata["name"]


def _label(manifest: Mapping) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


class KubernetesPatch(_ClusterResource):
    """A patch with its way back."""

    type = PREFIX + "KubernetesPatch"

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        self._patch(place, props)
        return place.name(), {}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self._patch(place, new)

    def delete(self, physical_id: str, props: Mapping) -> None:
        if self._api:
            self._send(props, props["RestorePatchJson"])

    def _patch(self, place: Place, props: Mapping) -> None:
        if self._api:
            self._send(props, props["ApplyPatchJson"])
        detail = props["ResourceName"] if self._api else f"{props['ResourceName']}: {NO_CLUSTER}"
        self._record(place, "applied" if self._api else "recorded", detail)

    def _send(self, props: Mapping, patch: Any) -> None:
        document = json.loads(patch) if isinstance(patch, str) else patch
        self._api.patch(props["ResourceName"], props.get("ResourceNamespace") or "default", document,
                        props.get("PatchType") or "strategic")


class KubernetesObjectValue(_ClusterResource):
    """A value that the cluster knows, such as a load balancer's address."""

    type = PREFIX + "KubernetesObjectValue"

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        return place.name(), {"Value": self._value(place, props)}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> dict:
        return {"Value": self._value(place, new)}

    def _value(self, place: Place, props: Mapping) -> str:
        resource = f"{props['ObjectType']}/{props['ObjectName']}"
        if not self._api:
            self._record(place, "recorded", f"{resource}: {NO_CLUSTER}; its value is {UNKNOWN_VALUE}")
            return UNKNOWN_VALUE
        deadline = time.monotonic() + int(props.get("TimeoutSeconds") or 300)
        while True:
            value = self._read(resource, props)
            if value:
                self._record(place, "applied", f"{resource} {props['JsonPath']}")
                return value
            if time.monotonic() > deadline:
                raise ValueError(f"timeout while waiting for {props['JsonPath']} of {resource}")
            time.sleep(1)

    def _read(self, resource: str, props: Mapping) -> Optional[str]:
        try:
            document = self._api.read(resource, props.get("ObjectNamespace") or "default")
            return value_at(document, props["JsonPath"])
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise


class HelmChart(_ClusterResource):
    """A Helm release. A chart asset is really installed; a chart of a remote repository cannot be had offline."""

    type = PREFIX + "HelmChart"
    create_only = ("ClusterName", "Release", "Namespace")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        self._install(place, props)
        return f"{props.get('Namespace') or 'default'}/{props['Release']}", {}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self._install(place, new)

    def delete(self, physical_id: str, props: Mapping) -> None:
        if not self._reason_not_to(props):
            self._helm("uninstall", props["Release"], "--namespace", props.get("Namespace") or "default",
                       "--ignore-not-found", *self._waiting(props))

    def _reason_not_to(self, props: Mapping) -> Optional[str]:
        if not self._api or not self.services.settings.helm:
            return NO_CLUSTER if not self._api else "there is no helm: not installed"
        if not props.get("ChartAssetURL"):
            chart = f"{props.get('Chart')} {props.get('Version') or ''} of {props.get('Repository')}"
            return f"chart {chart} would have to be fetched: not installed"
        return None

    def _install(self, place: Place, props: Mapping) -> None:
        release = f"release {props['Release']}"
        reason = self._reason_not_to(props)
        if reason:
            self._record(place, "recorded", f"{release}: {reason}")
            return
        with tempfile.TemporaryDirectory() as folder:
            chart = self._chart(props["ChartAssetURL"], Path(folder) / "chart")
            values = Path(folder) / "values.json"
            given = props.get("Values") or "{}"
            values.write_text(given if isinstance(given, str) else json.dumps(given))
            self._helm("upgrade", props["Release"], str(chart), "--install", "--values", str(values),
                       "--namespace", props.get("Namespace") or "default",
                       *(["--create-namespace"] if _flag(props.get("CreateNamespace")) else []),
                       *(["--skip-crds"] if _flag(props.get("SkipCrds")) else []),
                       *(["--rollback-on-failure"] if _flag(props.get("Atomic")) else []), *self._waiting(props))
        self._record(place, "applied", f"{release} by helm")

    def _waiting(self, props: Mapping) -> list[str]:
        wait = ["--wait"] if _flag(props.get("Wait")) else []
        return [*wait, "--timeout", str(props["Timeout"])] if props.get("Timeout") else wait

    def _chart(self, url: str, folder: Path) -> Path:
        bucket, _, key = re.sub(r"^s3://", "", url).partition("/")
        body = self.services.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            archive.extractall(folder)
        inner = [path for path in folder.iterdir() if (path / "Chart.yaml").exists()]
        return folder if (folder / "Chart.yaml").exists() else inner[0]

    def _helm(self, *arguments: str) -> None:
        home = str(self.services.settings.directory / "helm")
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "HELM_CACHE_HOME": home,
                       "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home,
                       "KUBECONFIG": self.services.settings.kubeconfig}
        command = [self.services.settings.helm, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"helm {arguments[0]} {arguments[1]}: {done.stderr.strip()[-1500:]}")


RESOURCES = (KubernetesResource, KubernetesPatch, KubernetesObjectValue, HelmChart)
