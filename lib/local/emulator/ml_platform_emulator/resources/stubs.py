"""Types behind which nothing stands: stacks may have them, and each use is reported as stubbed with the reason."""
from dataclasses import dataclass
from typing import Mapping

from .. import ministack_api as ministack
from .base import Place, Resource


@dataclass(frozen=True)
class Stub:
    """`why` nothing stands behind the type; `ref` and `attributes` are formats over the name, ARN, account, region and
    the properties that are text."""

    why: str
    ref: str = "{name}"
    attributes: Mapping[str, str] = None


_SCALING = "nothing scales: the number of tasks stays as the service states it"
_SECURITY = "access is not checked here"

#: type -> what it answers instead
STUBS: Mapping[str, Stub] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Stub(
        _SCALING, "{ResourceId}|{ScalableDimension}|{ServiceNamespace}", {"Id": "{name}"}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Stub(
        _SCALING, "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{name}",
        {"Arn": "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{name}"}),
    "AWS::APS::Workspace": Stub("there is no managed Prometheus", attributes={
        "Arn": "{arn}", "WorkspaceId": "{name}", "PrometheusEndpoint": "http://prometheus.invalid/workspaces/{name}/"}),
    "AWS::APS::RuleGroupsNamespace": Stub("there is no managed Prometheus", "{arn}", {"Arn": "{arn}"}),
    "AWS::APS::Scraper": Stub("there is no managed Prometheus", "{arn}", {"Arn": "{arn}", "ScraperId": "{name}"}),
    "AWS::Budgets::Budget": Stub("nothing costs"),
    "AWS::CloudWatch::AnomalyDetector": Stub("metrics are not modelled", attributes={"Id": "{name}"}),
    "AWS::EC2::EgressOnlyInternetGateway": Stub("there is no network", attributes={"Id": "{name}"}),
    "AWS::EC2::NetworkAcl": Stub("there is no network", attributes={"Id": "{name}"}),
    "AWS::EC2::NetworkAclEntry": Stub("there is no network", attributes={"Id": "{name}"}),
    "AWS::EC2::SubnetNetworkAclAssociation": Stub("there is no network", attributes={"AssociationId": "{name}"}),
    "AWS::EC2::VPCCidrBlock": Stub("there is no network", attributes={"Id": "{name}"}),
    "AWS::EC2::SubnetCidrBlock": Stub("there is no network", attributes={"Id": "{name}"}),
    "AWS::EKS::FargateProfile": Stub("no pod runs on Fargate here", attributes={"Arn": "{arn}"}),
    "AWS::Events::Connection": Stub("no event leaves this machine", attributes={
        "Arn": "{arn}", "SecretArn": "{arn}", "ArnForPolicy": "{arn}"}),
    "AWS::Events::ApiDestination": Stub("no event leaves this machine", attributes={
        "Arn": "{arn}", "ArnForPolicy": "{arn}"}),
    "AWS::Grafana::Workspace": Stub("there is no managed Grafana", attributes={
        "Id": "{name}", "Endpoint": "grafana.invalid", "Status": "ACTIVE"}),
    "AWS::LakeFormation::DataLakeSettings": Stub(_SECURITY, attributes={"Id": "{name}"}),
    "AWS::LakeFormation::Permissions": Stub(_SECURITY, attributes={"Id": "{name}"}),
    "AWS::LakeFormation::PrincipalPermissions": Stub(_SECURITY, attributes={
        "PrincipalIdentifier": "{name}", "ResourceIdentifier": "{name}"}),
    "AWS::LakeFormation::Resource": Stub(_SECURITY, attributes={"Id": "{name}"}),
    "AWS::LakeFormation::Tag": Stub(_SECURITY),
    "AWS::Logs::QueryDefinition": Stub("queries are not saved", attributes={"QueryDefinitionId": "{name}"}),
    "AWS::RDS::DBProxy": Stub("connections are not pooled", attributes={
        "DBProxyArn": "{arn}", "Endpoint": "{name}.invalid", "VpcId": ""}),
    "AWS::RDS::DBProxyTargetGroup": Stub("connections are not pooled", attributes={"TargetGroupArn": "{arn}"}),
    "AWS::S3Tables::TableBucketPolicy": Stub(_SECURITY),
    "AWS::SecretsManager::ResourcePolicy": Stub(_SECURITY, attributes={"Id": "{name}"}),
    "AWS::SecretsManager::RotationSchedule": Stub("secrets are not rotated", attributes={"Id": "{name}"}),
    "AWS::ServiceCatalogAppRegistry::Application": Stub("there is no registry of applications", attributes={
        "Arn": "{arn}", "Id": "{name}"}),
    "AWS::StepFunctions::Activity": Stub("no worker polls", "{arn}", {"Arn": "{arn}", "Name": "{name}"}),
}


class StubbedResource(Resource):
    """A type of the table above."""

    def __init__(self, services, resource_type: str, stub: Stub):
        super().__init__(services)
        self.type = resource_type
        self._stub = stub

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        scope, service = ministack.current_scope(), self.type.split("::")[1].lower()
        name = place.name(60)
        values = {"name": name, "account": scope.account, "region": scope.region,
                  "arn": f"arn:aws:{service}:{scope.region}:{scope.account}:{self.type.split('::')[2].lower()}/{name}"}
        values = {**{key: value for key, value in props.items() if isinstance(value, str)}, **values}
        attributes = {key: text.format(**values) for key, text in (self._stub.attributes or {}).items()}
        return self._stub.ref.format(**values), attributes


def stubbed_resources(services) -> list[StubbedResource]:
    """A handler for each row."""
    return [StubbedResource(services, resource_type, stub) for resource_type, stub in STUBS.items()]


