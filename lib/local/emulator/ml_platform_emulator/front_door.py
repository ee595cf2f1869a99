"""How a laptop reaches an internal load balancer: `/_alb/<host>/...`, a plain `Host: <host>` and, for processes that
use the emulator as their HTTP proxy, the absolute address `http://<host>/...`."""
import fnmatch
import json
from typing import Callable, Optional
from urllib.parse import parse_qs, unquote, urlsplit

from . import ministack_api as ministack

PREFIX = "/_alb/"
_OWN_NAMES = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


class FrontDoor:
    """An ASGI application around ministack's that sends the platform's own host names to their load balancer."""

    def __init__(self, application: Callable):
        self._application = application

    async def __call__(self, scope, receive, send):
        visit = _visit_of(scope) if scope["type"] == "http" else None
        load_balancer = find_load_balancer(visit[0]) if visit else None
        if load_balancer:
            await _forward(load_balancer, visit[0], visit[1], scope, receive, send)
        elif visit and visit[2]:
            hosts = ", ".join(sorted(known_hosts())) or "none yet"
            await _refuse(send, receive, f"no load balancer answers for {visit[0]}; known host names: {hosts}")
        else:
            await self._application(scope, receive, send)


def _visit_of(scope) -> Optional[tuple[str, str, bool]]:
    """(host, raw path, whether it can only be meant for a load balancer)."""
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
    if raw.startswith(PREFIX):
        host, _, rest = raw[len(PREFIX):].partition("/")
        return unquote(host).lower(), "/" + rest, True
    if raw.startswith("http://"):
        address = urlsplit(raw)
        if address.hostname in _OWN_NAMES:
            return None
        return (address.hostname or "").lower(), address.path or "/", True
    header = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
    host = header.rsplit(":", 1)[0] if header.rpartition(":")[2].isdigit() else header
    if host in _OWN_NAMES or host.endswith(".localhost"):
        return None
    return host, raw, False


def find_load_balancer(host: str) -> Optional[dict]:
    """The load balancer that a host name leads to: its own name, a DNS alias, or a listener rule for the host."""
    balancers = ministack.load_balancers()
    for balancer in balancers:
        if host in (balancer["DNSName"].lower(), balancer["LoadBalancerName"].lower()):
            return balancer
    by_rule = [balancer for balancer in balancers
               if any(fnmatch.fnmatch(host, pattern) for pattern in _hosts_of(balancer))]
    if by_rule:
        return by_rule[0]
    aliases = {target for name, target in ministack.alias_records() if fnmatch.fnmatch(host, name)}
    for balancer in balancers:
        if aliases & {balancer["DNSName"].lower(), f"dualstack.{balancer['DNSName'].lower()}"}:
            return balancer
    return None


def known_hosts() -> set[str]:
    """The host names that listener rules name."""
    return {host for balancer in ministack.load_balancers() for host in _hosts_of(balancer)}


def _hosts_of(balancer: dict) -> list[str]:
    return [value.lower() for listener in ministack.listeners_of(balancer)
            for rule in ministack.rules_of(listener["ListenerArn"])
            for condition in rule.get("Conditions", []) if condition.get("Field") == "host-header"
            for value in condition.get("Values", [])]


async def _forward(load_balancer, host, raw_path, scope, receive, send):
    listeners = ministack.listeners_of(load_balancer)
    # A port-80 listener beside an HTTPS one usually redirects; here TLS ends nowhere, so the service is asked.
    secure = [listener["Port"] for listener in listeners if listener.get("Protocol") == "HTTPS"]
    port = (secure or [listener["Port"] for listener in listeners] or [80])[0]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    headers["host"] = host
    query = scope.get("query_string", b"").decode("latin-1")
    with ministack.scoped(ministack.Scope.of_arn(load_balancer["LoadBalancerArn"])):
        body = await ministack.read_body(receive, scope["method"], headers)
        response = await ministack.dispatch(load_balancer, {
            "method": scope["method"], "path": unquote(raw_path), "headers": headers, "body": body,
            "query_params": parse_qs(query, keep_blank_values=True), "port": port,
            "client_ip": (scope.get("client") or ("127.0.0.1",))[0], "raw_query_string": query, "raw_path": raw_path,
        })
        await ministack.respond(send, receive, response)


async def _refuse(send, receive, message):
    body = json.dumps({"message": message}).encode()
    await ministack.respond(send, receive, (502, {"Content-Type": "application/json"}, body))
