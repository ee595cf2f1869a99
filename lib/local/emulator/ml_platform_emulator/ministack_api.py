"""The only file that touches ministack's private API. The rest of the package calls what stands here.

ministack_pin.py names all of it and refuses to start with another ministack.
"""
import contextvars
import importlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Optional
from xml.sax.saxutils import escape


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def _provisioners() -> Any:
    return _module("services.cloudformation.provisioners")


# -- requests ---------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Scope:
    """The account and region that a call acts for."""

    account: str
    region: str

    @classmethod
    def of_arn(cls, arn: str) -> "Scope":
        """The scope that an ARN names."""
        parts = arn.split(":")
        return cls(parts[4], parts[3])


def current_scope() -> Scope:
    """The account and region of the request or stack operation that is being handled."""
    responses = _module("core.responses")
    return Scope(responses.get_account_id(), responses.get_region())


@contextmanager
def scoped(scope: Scope) -> Iterator[None]:
    """Acts for an account and region inside the block."""
    with _module("core.responses").request_scope(scope.account, scope.region):
        yield


def asgi_app() -> Callable:
    """ministack's application."""
    return _module("app").app


async def read_body(receive: Callable, method: str, headers: dict) -> bytes:
    """The request's body, decoded as ministack does it."""
    return await _module("app")._read_request_body(receive, method, headers)


async def respond(send: Callable, receive: Callable, response: tuple, head: bool = False) -> None:
    """Sends a (status, headers, body) answer, streamed or not."""
    await _module("app")._send_if_handled(send, response, receive, head=head)


def end_lambda_workers() -> None:
    """Ends the processes that run Lambda functions."""
    _module("core.lambda_runtime").reset()


# -- CloudFormation ---------------------------------------------------------------------------------------------------

def resource_types() -> list[str]:
    """Every type that stacks may have, ours included once they are registered."""
    return sorted(_provisioners()._RESOURCE_HANDLERS)


def handler(resource_type: str) -> Optional[dict]:
    """The mutable handler of a type: create(logical_id, props, stack), update(physical_id, old, new, stack,
    logical_id), delete(physical_id, props)."""
    return _provisioners()._RESOURCE_HANDLERS.get(resource_type)


def set_handler(resource_type: str, create: Callable, update: Callable, delete: Callable) -> None:
    """Adds or replaces a type."""
    _provisioners()._RESOURCE_HANDLERS[resource_type] = {
        "create": create, "update": update, "delete": delete, "update_with_logical_id": True}


def run_on_threads(resource_types_: set) -> None:
    """These types may block: their handlers get a thread of their own."""
    stacks = _module("services.cloudformation.stacks")
    original = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in resource_types_ or original(resource_type)


def fail_crashed_custom_resources() -> None:
    """A custom resource whose function crashes without an answer fails at once with the function's error. ministack, as
    AWS, waits for the answer up to its ServiceTimeout: an hour."""
    functions, custom = _module("services.lambda_svc"), _module("services.cloudformation.custom_resource")
    execute, invoke = functions._execute_function_with_config_scope, custom.invoke_custom_resource
    # The functions that a provider's state machine calls get the same event, and end with an error to be called again.
    direct = contextvars.ContextVar("direct", default=False)

    def invoke_directly(*args, **kwargs):
        direct.set(True)
        return invoke(*args, **kwargs)

    def execute_and_tell(func, event):
        told = direct.get()
        direct.set(False)
        result = execute(func, event)
        token = event["ResponseURL"].rsplit("/", 1)[-1] if told else ""
        waiting = custom._pending.get(token)
        if told and result.get("error") and waiting and waiting["result"] is None:
            error = result.get("body")
            reason = error.get("errorMessage") if isinstance(error, dict) else error
            custom.deliver_response(token, {
                "Status": "FAILED", "PhysicalResourceId": event.get("PhysicalResourceId"),
                "Reason": f"the function ended without an answer: {reason}"})
        return result
    functions._execute_function_with_config_scope = execute_and_tell
    custom.invoke_custom_resource = invoke_directly


def physical_name(stack: str, logical_id: str, *, max_length: int, lowercase: bool = False) -> str:
    """A generated name as CloudFormation makes them: stack, logical id and a suffix that stays."""
    return _provisioners()._physical_name(stack, logical_id, max_len=max_length, lowercase=lowercase)


# -- records that handlers read or complete ---------------------------------------------------------------------------

def database_instance(identifier: str) -> dict:
    """The mutable record of an RDS instance."""
    return _module("services.rds")._instances[identifier]


def eks_cluster(name: str) -> dict:
    """The mutable record of an EKS cluster."""
    return _module("services.eks")._clusters[name]


def secret_name(arn: str) -> str:
    """The name of a secret; the ARN itself when there is none."""
    return next((name for name, secret in _module("services.secretsmanager")._secrets.items()
                 if secret["ARN"] == arn), arn)


def set_bucket_tags(bucket: str, tags: dict) -> None:
    """Replaces the tags of a bucket."""
    store = _module("services.s3")._bucket_tags
    if tags:
        store[bucket] = tags
    else:
        store.pop(bucket, None)


def bucket_has_objects(bucket: str) -> bool:
    """Whether anything is left in a bucket."""
    return bool((_module("services.s3")._buckets.get(bucket) or {}).get("objects"))


# -- ECS --------------------------------------------------------------------------------------------------------------

def install_container_client(client: Any) -> None:
    """Runs ECS tasks through a stand-in for the docker client. Also: entryPoint, which ministack drops, comes first."""
    ecs = _module("services.ecs")
    ecs._docker = client
    original = ecs._build_run_kwargs

    def build(cdef, *args, **kwargs):
        result = original(cdef, *args, **kwargs)
        result["command"] = list(cdef.get("entryPoint") or []) + list(cdef.get("command") or [])
        return result
    ecs._build_run_kwargs = build


def complete_deployments(restart_delay_s: Callable[[dict], float]) -> None:
    """A service's first deployment is in progress too, so that its circuit breaker counts; and a failed task is
    replaced after `restart_delay_s(task)`, where ministack would start the next one at once, for ever."""
    ecs = _module("services.ecs")
    make, failed = ecs._make_deployment, ecs._record_service_task_failure

    def make_deployment(*args, **kwargs):
        return {**make(*args, **kwargs), "rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}

    def record_failure(task, digest_resolution_failed=False):
        delay, context = restart_delay_s(task), contextvars.copy_context()
        if delay <= 0:
            return failed(task, digest_resolution_failed)
        timer = threading.Timer(delay, context.run, (failed, task, digest_resolution_failed))
        timer.daemon = True
        return timer.start()
    ecs._make_deployment, ecs._record_service_task_failure = make_deployment, record_failure


def task(task_arn: str) -> Optional[dict]:
    """The record of a task: group, lastStatus, containers."""
    with scoped(Scope.of_arn(task_arn)):
        return _module("services.ecs")._tasks.get(task_arn)


def service(cluster: str, name: str) -> Optional[dict]:
    """The record of a service, by the cluster's name: deployments, loadBalancers, desiredCount."""
    return _module("services.ecs")._services.get(f"{cluster}/{name}")


def tasks_of_service(cluster_arn: str, name: str) -> list[dict]:
    """The tasks, stopped ones included, that a service started."""
    return [t for t in list(_module("services.ecs")._tasks.values())
            if t.get("group") == f"service:{name}" and t.get("clusterArn") == cluster_arn]


# -- Step Functions ---------------------------------------------------------------------------------------------------

def replace_task_wait(wait: Callable[[str, list], Any]) -> None:
    """What `ecs:runTask.sync` does after the start: `wait(cluster, task_arns)` returns the state's output."""
    _module("services.stepfunctions")._poll_ecs_tasks = wait


def execution_error(error: str, cause: str) -> Exception:
    """An error that a state machine's Catch and Retry see."""
    return _module("services.stepfunctions")._ExecutionError(error, cause)


def describe_tasks(cluster: str, task_arns: list) -> list[dict]:
    """DescribeTasks inside the current scope."""
    _, _, body = _module("services.ecs")._describe_tasks({"cluster": cluster, "tasks": task_arns})
    return json.loads(body or b"{}").get("tasks", [])


# -- load balancer ----------------------------------------------------------------------------------------------------

def load_balancers() -> list[dict]:
    """All load balancers of all accounts and regions."""
    return [record for _, record in _module("services.alb")._lbs.all_items()]


def listeners_of(load_balancer: dict) -> list[dict]:
    """The listeners of a load balancer, whatever the scope."""
    return [record for _, record in _module("services.alb")._listeners.all_items()
            if record["LoadBalancerArn"] == load_balancer["LoadBalancerArn"]]


def rules_of(listener_arn: str) -> list[dict]:
    """The rules of a listener, the default one included, whatever the scope."""
    return [record for _, record in _module("services.alb")._rules.all_items()
            if record.get("ListenerArn") == listener_arn]


def alias_records() -> list[tuple[str, str]]:
    """(name, target) of every Route 53 alias, lower case and without the last dot."""
    zones = _module("services.route53")._records
    records = [record for _, zone in list(zones._data.items()) for record in zone]
    return [(record["Name"].rstrip(".").lower(), record["AliasTarget"]["DNSName"].rstrip(".").lower())
            for record in records if record.get("AliasTarget")]


def target_group(arn: str) -> Optional[dict]:
    """The record of a target group: HealthCheckPath, Matcher, TargetType."""
    return _module("services.alb")._tgs.get(arn)


def targets(arn: str) -> list[dict]:
    """The registered targets ({Id, Port}) of a group."""
    return list(_module("services.alb")._targets.get(arn, []))


async def dispatch(load_balancer: dict, request: dict) -> tuple:
    """Sends a request through a load balancer's listener and rules."""
    return await _module("services.alb").dispatch_request(load_balancer, **request)


def install_load_balancer(choose_group: Callable, choose_target: Callable, locate: Callable, health: Callable) -> None:
    """Completes the load balancer: weights (both parsers keep them; `choose_group(groups)` picks), healthy targets
    (`choose_target(group, targets)`), where a target really listens (`locate(target)`), and the truth about health
    (`health(group, target)` returns (state, reason, description))."""
    alb = _module("services.alb")
    _keep_weights(alb)
    _choose(alb, choose_group, choose_target, locate)
    _tell_health(alb, health)


def _keep_weights(alb: Any) -> None:
    provisioners, parse, action_xml = _provisioners(), alb._parse_actions, alb._action_xml
    from_template = provisioners._elbv2_listener_actions

    def parse_actions(params, prefix="DefaultActions"):
        actions = parse(params, prefix)
        for number, action in enumerate(actions, 1):
            base, groups = f"{prefix}.member.{number}.ForwardConfig.TargetGroups.member", []
            while arn := alb._p(params, f"{base}.{len(groups) + 1}.TargetGroupArn"):
                weight = alb._p(params, f"{base}.{len(groups) + 1}.Weight")
                groups.append({"TargetGroupArn": arn, "Weight": int(weight) if weight else 1})
            _set_groups(action, groups)
        return actions

    def template_actions(props, lb_arn, prop="DefaultActions"):
        actions = from_template(props, lb_arn, prop)
        given = [action for action in props.get(prop) or [] if isinstance(action, dict)]
        for action, source in zip(actions, given):
            groups = (source.get("ForwardConfig") or {}).get("TargetGroups") or []
            _set_groups(action, [{"TargetGroupArn": group["TargetGroupArn"], "Weight": int(group.get("Weight", 1))}
                                 for group in groups])
        return actions

    def xml(action):
        groups = "".join(f"<member><TargetGroupArn>{escape(group['TargetGroupArn'])}</TargetGroupArn>"
                         f"<Weight>{group['Weight']}</Weight></member>"
                         for group in (action.get("ForwardConfig") or {}).get("TargetGroups", []))
        forward = f"<ForwardConfig><TargetGroups>{groups}</TargetGroups></ForwardConfig>" if groups else ""
        return action_xml(action).replace("</member>", forward + "</member>")

    alb._parse_actions, alb._action_xml = parse_actions, xml
    provisioners._elbv2_listener_actions = template_actions


def _set_groups(action: dict, groups: list) -> None:
    if groups:
        action["ForwardConfig"] = {"TargetGroups": groups}
        if len(groups) > 1:
            action.pop("TargetGroupArn", None)
        else:
            action["TargetGroupArn"] = groups[0]["TargetGroupArn"]


def _choose(alb: Any, choose_group: Callable, choose_target: Callable, locate: Callable) -> None:
    execute, proxy, forward = alb._execute_action, alb._proxy_http_target, alb._forward_to_tg

    async def execute_action(action, *args, **kwargs):
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups")
        if groups:
            action = {**action, "TargetGroupArn": choose_group(groups)}
        return await execute(action, *args, **kwargs)

    async def forward_to_group(tg_arn, *args, **kwargs):
        group, registered = alb._tgs.get(tg_arn), alb._targets.get(tg_arn, [])
        if not group or not registered or group.get("TargetType") == "lambda":
            return await forward(tg_arn, *args, **kwargs)
        target = await choose_target(group, list(registered))
        method, path, headers, body, query, raw_query, raw_path = (*args, *[None] * 7)[:7]
        return await alb._proxy_http_target(target, group, method, kwargs.get("raw_path") or raw_path or path, headers,
                                            body, query, kwargs.get("raw_query_string") or raw_query)

    async def proxy_target(target, *args, **kwargs):
        return await proxy(locate(target), *args, **kwargs)

    alb._execute_action, alb._forward_to_tg, alb._proxy_http_target = execute_action, forward_to_group, proxy_target


def _tell_health(alb: Any, health: Callable) -> None:
    def describe_target_health(params):
        arn = alb._p(params, "TargetGroupArn")
        if arn not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
        wanted = {target["Id"] for target in alb._parse_targets_param(params)}
        members = ""
        for target in alb._targets.get(arn, []):
            if wanted and target["Id"] not in wanted:
                continue
            state, reason, text = health(alb._tgs[arn], target)
            detail = f"<Reason>{reason}</Reason><Description>{escape(text)}</Description>" if reason else ""
            members += (f"<member><Target><Id>{escape(str(target['Id']))}</Id><Port>{target.get('Port', 80)}</Port>"
                        f"</Target><TargetHealth><State>{state}</State>{detail}</TargetHealth></member>")
        return alb._xml(200, "DescribeTargetHealth",
                        f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")
    alb._ACTION_MAP["DescribeTargetHealth"] = describe_target_health
