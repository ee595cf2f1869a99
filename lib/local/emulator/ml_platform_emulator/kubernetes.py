"""A small client of the Kubernetes API: server-side apply, delete, patch and read over plain HTTPS."""
import base64
import http.client
import json
import re
import ssl
import time
from typing import Any, Mapping, Optional
from urllib.parse import quote, urlencode, urlsplit

import yaml

FIELD_MANAGER = "cdk-ml-platform"
DELETE_TIMEOUT_S = 60.0


def read_kubeconfig(path: str) -> tuple[Mapping, Mapping]:
    """The cluster and the user of a kubeconfig's current context."""
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    return cluster, next(u["user"] for u in config["users"] if u["name"] == context["user"])


def authority_of(cluster: Mapping) -> str:
    """The certificate authority of a kubeconfig's cluster as PEM; empty when there is none."""
    if cluster.get("certificate-authority-data"):
        return base64.b64decode(cluster["certificate-authority-data"]).decode()
    if cluster.get("certificate-authority"):
        with open(cluster["certificate-authority"], encoding="utf-8") as file:
            return file.read()
    return ""


class KubernetesError(RuntimeError):
    """The API server's refusal."""

    def __init__(self, status: int, message: str):
        super().__init__(f"Kubernetes API answered {status}: {message}")
        self.status = status


class KubernetesApi:
    """One API server, from a kubeconfig with a token."""

    def __init__(self, kubeconfig: str):
        cluster, user = read_kubeconfig(kubeconfig)
        self._address = urlsplit(cluster["server"])
        self._token = user["token"]
        authority = authority_of(cluster)
        self._tls = ssl.create_default_context(cadata=authority) if authority else ssl.create_default_context()
        if cluster.get("insecure-skip-tls-verify"):
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._kinds: dict[str, dict[str, Mapping]] = {}

    def apply(self, manifest: Mapping, *, create_only: bool = False) -> None:
        """Server-side apply; with `create_only` an object that exists is an error, as `kubectl create` has it."""
        path = self.path_of(manifest)
        if create_only and self._exists(path):
            raise KubernetesError(409, f"{manifest['kind']} {manifest['metadata']['name']} already exists")
        self._call("PATCH", path, manifest, "application/apply-patch+yaml",
                   {"fieldManager": FIELD_MANAGER, "force": "true"})

    def delete(self, manifest: Mapping) -> None:
        """Deletes and waits until the object is gone; one that is missing is fine."""
        try:
            path = self.path_of(manifest)
            self._call("DELETE", path, {"propagationPolicy": "Background"})
        except KubernetesError as error:
            if error.status == 404:
                return
            raise
        deadline = time.monotonic() + DELETE_TIMEOUT_S
        while self._exists(path):
            if time.monotonic() > deadline:
                raise KubernetesError(504, f"{manifest['kind']} {manifest['metadata']['name']} still exists after "
                                           f"{DELETE_TIMEOUT_S:.0f} s; a finalizer may hold it")
            time.sleep(0.2)

    def patch(self, resource: str, namespace: str, patch: Any, patch_type: str) -> None:
        """Patches `deployment/name`; `patch_type` is strategic, merge or json."""
        subtype = {"strategic": "strategic-merge-patch", "merge": "merge-patch", "json": "json-patch"}[patch_type]
        self._call("PATCH", self._path_of_name(resource, namespace), patch, f"application/{subtype}+json",
                   {"fieldManager": FIELD_MANAGER})

    def read(self, resource: str, namespace: str) -> Mapping:
        """Reads `service/name`."""
        return self._call("GET", self._path_of_name(resource, namespace))

    def path_of(self, manifest: Mapping) -> str:
        """Where an object lives; a kind that the server does not know is a 404."""
        version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
        resource = self._resource(version, kind)
        return self._path(version, resource, metadata.get("namespace") or "default", metadata["name"])

    def _path(self, version: str, resource: Mapping, namespace: str, name: str) -> str:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        scope = f"/namespaces/{quote(namespace)}" if resource["namespaced"] else ""
        return f"{root}{scope}/{resource['name']}/{quote(name)}"

    def _path_of_name(self, resource: str, namespace: str) -> str:
        word, _, name = resource.partition("/")
        for version in self._versions():
            for kind, found in self._kinds_of(version).items():
                names = (kind.lower(), found["name"], found.get("singularName"), *found.get("shortNames", []),
                         f"{found['name']}.{version.split('/')[0]}")
                if word.lower() in names:
                    return self._path(version, found, namespace, name)
        raise KubernetesError(404, f"no resource type {word!r}")

    def _versions(self) -> list[str]:
        groups = self._call("GET", "/apis")["groups"]
        return ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]

    def _resource(self, version: str, kind: str) -> Mapping:
        if kind not in self._kinds.get(version, {}):
            self._kinds.pop(version, None)  # a CRD may have come since
        resource = self._kinds_of(version).get(kind)
        if not resource:
            raise KubernetesError(404, f"no kind {kind} in {version}")
        return resource

    def _kinds_of(self, version: str) -> Mapping[str, Mapping]:
        if version not in self._kinds:
            found = self._call("GET", f"/apis/{version}" if "/" in version else f"/api/{version}")
            self._kinds[version] = {r["kind"]: r for r in found["resources"] if "/" not in r["name"]}
        return self._kinds[version]

    def _exists(self, path: str) -> bool:
        try:
            self._call("GET", path)
            return True
        except KubernetesError as error:
            if error.status == 404:
                return False
            raise

    def _call(self, method: str, path: str, body: Optional[Any] = None, content_type: str = "application/json",
              query: Optional[Mapping] = None) -> Mapping:
        connection = http.client.HTTPSConnection(self._address.hostname, self._address.port or 443, timeout=60,
                                                 context=self._tls)
        try:
            connection.request(method, path + (f"?{urlencode(query)}" if query else ""),
                               json.dumps(body) if body is not None else None,
                               {"Authorization": f"Bearer {self._token}", "Content-Type": content_type,
                                "Accept": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        if response.status >= 400:
            raise KubernetesError(response.status, answer.get("message", str(answer)))
        return answer


def value_at(document: Any, path: str) -> Optional[str]:
    """What kubectl's `-o jsonpath` prints, for paths of names, indices and ['quoted names']; None if absent."""
    for name, index, quoted in re.findall(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']+)'\]", path.strip("{}'")):
        try:
            document = document[int(index)] if index else document[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return document if isinstance(document, str) else json.dumps(document)
