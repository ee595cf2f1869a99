"""Removes from a cluster what bills outside of it: load balancers, nodes, volumes.

Only the standard library. Every call may be repeated: what is gone is skipped, what is going is waited for.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, Iterator

PAGE = 250


class Transient(Exception):
    """The API server did not answer, or asked to come again: try later."""


class Kubernetes:
    """The few requests that a drain needs."""

    def __init__(self, endpoint: str, token: str, ca_data: str | None) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.token = token
        context = ssl.create_default_context(cadata=base64.b64decode(ca_data).decode() if ca_data else None)
        # certificates of EKS have no Authority Key Identifier, which Python asks for since 3.13
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
        self.opener = urllib.request.build_opener(*handlers)

    def list(self, path: str) -> Iterator[dict[str, Any]]:
        """Every object at the path, page by page; nothing when the kind is not defined in this cluster."""
        cursor = ""
        while True:
            page = self._request("GET", f"{path}?{urllib.parse.urlencode({'limit': PAGE, 'continue': cursor})}")
            if page is None:
                return
            yield from page.get("items") or []
            cursor = page.get("metadata", {}).get("continue") or ""
            if not cursor:
                return

    def delete(self, path: str) -> None:
        self._request("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        request = urllib.request.Request(
            self.endpoint + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json", "Content-Type": "application/json"},
        )
        try:
            with self.opener.open(request, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code in (409, 410, 429) or error.code >= 500:
                raise Transient(f"{method} {path}: HTTP {error.code}") from error
            detail = error.read(2000).decode(errors="replace")
            raise RuntimeError(f"{method} {path}: HTTP {error.code}: {detail}") from error
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise Transient(f"{method} {path}: {error}") from error


@dataclass(frozen=True)
class Leftover:
    """An object that is still there."""

    kind: str
    namespace: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}{f' ({self.detail})' if self.detail else ''}"


def drain(api: Kubernetes, kind: str) -> list[Leftover]:
    """Asks for the removal of everything of one kind and says what is still there."""
    steps: dict[str, Callable[[Kubernetes], list[Leftover]]] = {
        "load-balancers": _load_balancers,
        "nodes": _nodes,
        "volumes": _volumes,
    }
    return steps[kind](api)


def _load_balancers(api: Kubernetes) -> list[Leftover]:
    left = _remove(api, "Gateway", "/apis/gateway.networking.k8s.io/v1", "gateways")
    left += _remove(api, "Ingress", "/apis/networking.k8s.io/v1", "ingresses")
    left += _remove(api, "Service", "/api/v1", "services", lambda it: it.get("spec", {}).get("type") == "LoadBalancer")
    return left


def _nodes(api: Kubernetes) -> list[Leftover]:
    # pools first, or Karpenter replaces the claims that go
    left = _remove(api, "NodePool", "/apis/karpenter.sh/v1", "nodepools")
    left += _remove(api, "NodeClaim", "/apis/karpenter.sh/v1", "nodeclaims")
    # Karpenter made an instance profile for each class, and takes it back when no claim names the class any more
    return left or _remove(api, "EC2NodeClass", "/apis/karpenter.k8s.aws/v1", "ec2nodeclasses")


def _volumes(api: Kubernetes) -> list[Leftover]:
    """Claims whose volume was made for them and would be deleted with them; retained volumes stay."""
    volumes = {it["metadata"]["name"]: it for it in api.list("/api/v1/persistentvolumes")}
    left = _remove(api, "PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", lambda it: _goes_with_claim(it, volumes))
    for name, volume in volumes.items():
        if _deletes(volume) and volume.get("status", {}).get("phase") in ("Released", "Failed"):
            left.append(Leftover("PersistentVolume", "", name, volume["status"].get("message") or "being deleted"))
    return left


def _goes_with_claim(claim: dict[str, Any], volumes: dict[str, dict[str, Any]]) -> bool:
    volume = volumes.get(claim.get("spec", {}).get("volumeName") or "")
    if volume is not None:
        return _deletes(volume)
    # not bound yet: a volume may be on its way
    return "volume.kubernetes.io/storage-provisioner" in (claim["metadata"].get("annotations") or {})


def _deletes(volume: dict[str, Any]) -> bool:
    made_for_claim = "pv.kubernetes.io/provisioned-by" in (volume["metadata"].get("annotations") or {})
    return made_for_claim and volume.get("spec", {}).get("persistentVolumeReclaimPolicy") == "Delete"


def _remove(
    api: Kubernetes, kind: str, base: str, plural: str, chosen: Callable[[dict[str, Any]], bool] = lambda _: True
) -> list[Leftover]:
    left = []
    for item in api.list(f"{base}/{plural}"):
        if not chosen(item):
            continue
        meta = item["metadata"]
        namespace = meta.get("namespace", "")
        if not meta.get("deletionTimestamp"):
            scope = f"/namespaces/{namespace}" if namespace else ""
            try:
                api.delete(f"{base}{scope}/{plural}/{urllib.parse.quote(meta['name'])}")
            except Transient as error:
                print(error)
        finalizers = ", ".join(meta.get("finalizers") or [])
        left.append(Leftover(kind, namespace, meta["name"], f"waits for {finalizers}" if finalizers else ""))
    return left
