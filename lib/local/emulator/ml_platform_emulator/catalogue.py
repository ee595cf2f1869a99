"""Puts the handlers together, and says which types are real and which are only stubbed."""
from typing import Mapping, Optional

from . import ministack_api as ministack
from .resources import compute, control, eks, kubernetes, network, storage
from .resources.base import Services, register, report_all
from .resources.stubs import STUBS, stubbed_resources

#: types that this package adds to ministack and that something stands behind
ADDED = tuple(resource.type for module in (network, control, eks) for resource in module.RESOURCES)
#: ministack's types whose behaviour this package completes
COMPLETED = (
    "AWS::CloudWatch::Alarm", "AWS::EC2::VPC", "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::EKS::Cluster",
    "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::Glue::Table", "AWS::RDS::DBInstance", "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret")
#: the CDK's custom resources that are handled without their Lambda function
CUSTOM = tuple(resource.type for resource in kubernetes.RESOURCES)


def handled_types() -> Mapping[str, str]:
    """Every type that stacks may have -> what stands behind it: `emulated` (an API of the emulator, or a process),
    `stubbed` (nothing) or `kubernetes` (the local API server, else recorded). Before or after `install`."""
    return dict(sorted({**{resource_type: "emulated" for resource_type in (*ministack.resource_types(), *ADDED)},
                        **{resource_type: "stubbed" for resource_type in STUBS},
                        **{resource_type: "kubernetes" for resource_type in CUSTOM}}.items()))


def install(services: Services) -> None:
    """Registers everything; once, before the first request."""
    for module in (network, control, eks, kubernetes):
        for resource in module.RESOURCES:
            register(resource(services))
    for resource in stubbed_resources(services):
        register(resource)
    network.extend_vpc()
    control.install_secret()
    storage.extend_bucket()
    storage.install_table(services)
    compute.extend_database(services)
    compute.extend_task_definition()
    compute.extend_service(services)
    compute.extend_listener_rule()
    compute.install_alarm()
    eks.extend_cluster(services)
    report_all(services.report, why_stubbed, CUSTOM)
    ministack.run_on_threads({*ADDED, *COMPLETED, *CUSTOM})


def why_stubbed(resource_type: str, props: Mapping) -> Optional[str]:
    """The reason why nothing stands behind a resource, or None."""
    if resource_type in STUBS:
        return STUBS[resource_type].why
    if resource_type == "AWS::CloudWatch::Alarm" and props.get("Metrics"):
        return compute.METRIC_MATH
    return None
