"""New passwords for the registry without an outage: two user names take turns.

MLflow knows one password for a user, so changing it cuts off whoever still holds the old one. Here the other user of a pair
(`machines` and `machines-b`) gets the new password, and the secret then names that one. Who holds the old login goes on until the
rotation after this. The stages of Secrets Manager make it safe to be killed anywhere and started again:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import secrets
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

from ml_platform_runtime.aws import error_code
from ml_platform_runtime.errors import BadInput, RuntimeFault

_log = logging.getLogger(__name__)
_OTHER = "-b"
_ALREADY = "RESOURCE_ALREADY_EXISTS"


@dataclass(frozen=True)
class Login:
    """A user of MLflow."""

    user: str
    password: str

    @property
    def other(self) -> str:
        """The user that takes turns with this one."""
        return self.user.removesuffix(_OTHER) if self.user.endswith(_OTHER) else f"{self.user}{_OTHER}"


class MlflowUsers:
    """MLflow's user API, as one of its administrators. https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/"""

    def __init__(self, tracking_uri: str, admin: Login) -> None:
        self._base = f"{tracking_uri.rstrip('/')}/api/2.0/mlflow/users"
        self._admin = admin

    def ensure(self, login: Login, *, is_admin: bool) -> None:
        """The user exists, has this password and these rights."""
        created = {"username": login.user, "password": login.password}
        try:
            self._call("POST", "create", created)
        except _Refused as refused:
            if refused.code != _ALREADY:
                raise
            self._call("PATCH", "update-password", created)
        self._call("PATCH", "update-admin", {"username": login.user, "is_admin": is_admin})

    def is_admin(self, user: str) -> bool:
        """Whether the user is an administrator."""
        return bool(self._call("GET", f"get?username={user}")["user"]["is_admin"])

    def check(self, login: Login) -> None:
        """Raises RuntimeFault unless MLflow lets this login in."""
        self._call("GET", f"get?username={login.user}", by=login)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, by: Login | None = None) -> Any:
        login = by or self._admin
        credentials = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        request = urllib.request.Request(
            f"{self._base}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise _Refused(f"{method} users/{path} as {login.user}", error.code, error.read()) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RuntimeFault(f"the registry at {self._base} cannot be used: {error}") from error


class _Refused(RuntimeFault):
    def __init__(self, what: str, status: int, body: bytes) -> None:
        text = body.decode(errors="replace")
        try:
            self.code = json.loads(text).get("error_code", "")
        except (ValueError, AttributeError):
            self.code = ""
        super().__init__(f"the registry refused {what}: {status} {self.code or ' '.join(text.split())[:200]}")


def rotate(client: Any, secret_id: str, admin_secret_id: str, tracking_uri: str) -> dict[str, str]:
    """A new password in the secret, for the other user of its pair. Both logins work when this returns.

    Raises BadInput for a secret that holds no login, RuntimeFault when MLflow or Secrets Manager refuses; the old login works then.
    """
    before, current_version = _read(client, secret_id, stage="AWSCURRENT")
    admin, _ = _read(client, admin_secret_id, stage="AWSCURRENT")
    pending, version = _pending(client, secret_id, before, current_version)
    users = MlflowUsers(tracking_uri, admin)
    users.ensure(pending, is_admin=users.is_admin(before.user))
    users.check(pending)
    client.update_secret_version_stage(
        SecretId=secret_id, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current_version
    )
    _log.info("a login was rotated", extra={"secret": secret_id, "from": before.user, "to": pending.user})
    return {"secret": secret_id, "user": pending.user, "stillWorks": before.user}


def _pending(client: Any, secret_id: str, before: Login, current_version: str) -> tuple[Login, str]:
    """The next login. Its version follows from the current one, so that two rotations at once, or one that is started again, agree on it."""
    version = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{secret_id}/{current_version}"))
    fresh = {"username": before.other, "password": secrets.token_urlsafe(32)}
    try:
        client.get_secret_value(SecretId=secret_id, VersionId=version)
    except client.exceptions.ResourceNotFoundException:
        try:
            client.put_secret_value(
                SecretId=secret_id,
                ClientRequestToken=version,
                SecretString=json.dumps(fresh),
                VersionStages=["AWSPENDING"],
            )
        except Exception as error:
            if error_code(error) != "ResourceExistsException":
                raise
    return _read(client, secret_id, version=version)


def _read(client: Any, secret_id: str, *, stage: str | None = None, version: str | None = None) -> tuple[Login, str]:
    which = {"VersionStage": stage} if stage else {"VersionId": version}
    found = client.get_secret_value(SecretId=secret_id, **which)
    try:
        value = json.loads(found["SecretString"])
        return Login(str(value["username"]), str(value["password"])), str(found["VersionId"])
    except (KeyError, TypeError, ValueError) as error:
        # The text may be a password, so it is not repeated.
        raise BadInput(
            f"secret {secret_id} holds no JSON object with username and password; give the secret of a login"
        ) from error
