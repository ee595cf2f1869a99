"""What ministack_api.py uses or replaces of ministack's private API, and the check that it is all still there."""
import importlib
import inspect
from importlib.metadata import version
from typing import Callable

PINNED_VERSION = "1.5.33"

#: module -> {name: positional parameters of the function, or None for data and classes}
SYMBOLS = {
    "ministack.app": {
        "app": ("scope", "receive", "send"),
        "_read_request_body": ("receive", "method", "headers"),
        "_send_if_handled": ("send", "response", "receive"),
    },
    "ministack.core.responses": {
        "request_scope": ("account_id", "region"), "get_account_id": (), "get_region": (),
    },
    "ministack.core.lambda_runtime": {"reset": ()},
    "ministack.services.cloudformation.provisioners": {
        "_RESOURCE_HANDLERS": None,
        "_physical_name": ("stack_name", "logical_id"),
        "_elbv2_listener_actions": ("props", "lb_arn", "prop"),
    },
    "ministack.services.cloudformation.custom_resource": {
        "_pending": None, "deliver_response": ("token", "response"),
        "invoke_custom_resource": ("request_type", "logical_id", "props", "stack_name", "stack_id", "resource_type",
                                   "physical_id", "old_props")},
    "ministack.services.lambda_svc": {"_execute_function_with_config_scope": ("func", "event")},
    "ministack.services.cloudformation.stacks": {"_runs_on_worker_thread": ("resource_type",)},
    "ministack.services.ecs": {
        "_docker": None, "_tasks": None, "_services": None,
        "_build_run_kwargs": ("cdef", "td", "env", "port_bindings", "ecs_network", "host_mode", "task_id", "task_arn",
                              "ministack_net_ip", "cluster_arn"),
        "_describe_tasks": ("data",),
        "_make_deployment": ("task_definition", "desired_count", "status"),
        "_record_service_task_failure": ("task", "digest_resolution_failed"),
    },
    "ministack.services.alb": {
        "_lbs": None, "_listeners": None, "_rules": None, "_tgs": None, "_targets": None, "_ACTION_MAP": None,
        "_p": ("params", "key", "default"),
        "_parse_actions": ("params", "prefix"),
        "_action_xml": ("a",),
        "_parse_targets_param": ("params", "prefix"),
        "_xml": ("status", "action", "inner"),
        "_error": ("code", "message", "status"),
        "_execute_action": ("action", "method", "path", "headers", "body", "query_params", "raw_query_string",
                            "raw_path"),
        "_forward_to_tg": ("tg_arn", "method", "path", "headers", "body", "query_params", "raw_query_string",
                           "raw_path"),
        "_proxy_http_target": ("target", "tg", "method", "path", "headers", "body", "query_params",
                               "raw_query_string"),
        "dispatch_request": ("lb", "method", "path", "headers", "body", "query_params", "port", "client_ip",
                             "raw_query_string", "raw_path"),
    },
    "ministack.services.route53": {"_records": None},
    "ministack.services.stepfunctions": {
        "_poll_ecs_tasks": ("cluster", "task_arns"), "_ExecutionError": None,
    },
    "ministack.services.rds": {"_instances": None},
    "ministack.services.eks": {"_clusters": None},
    "ministack.services.secretsmanager": {"_secrets": None},
    "ministack.services.s3": {"_buckets": None, "_bucket_tags": None},
}


class MinistackMoved(RuntimeError):
    """The installed ministack is not the one that this package was written against."""


def check() -> None:
    """Raises MinistackMoved with every difference: the version, a lost symbol, a changed signature."""
    faults = []
    installed = version("ministack")
    if installed != PINNED_VERSION:
        faults.append(f"ministack {installed} is installed, ministack_api.py is written against {PINNED_VERSION}")
    for module_name, names in SYMBOLS.items():
        module = importlib.import_module(module_name)
        for name, parameters in names.items():
            if not hasattr(module, name):
                faults.append(f"{module_name}.{name} is gone (pinned ministack {PINNED_VERSION})")
            elif parameters is not None:
                found = _positional(getattr(module, name))
                if found != parameters:
                    faults.append(f"{module_name}.{name} takes {found}, expected {parameters} "
                                  f"(pinned ministack {PINNED_VERSION})")
    if faults:
        raise MinistackMoved("; ".join(faults))


def _positional(function: Callable) -> tuple:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds)
