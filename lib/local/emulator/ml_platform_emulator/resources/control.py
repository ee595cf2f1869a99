"""Types of other services whose API the emulator has, but CloudFormation's view of it not."""
import json
import string
from typing import Mapping

from .. import ministack_api as ministack
from .base import Place, Resource


def _given(props: Mapping, *names: str) -> dict:
    return {name: props[name] for name in names if props.get(name) is not None}


def tag_map(props: Mapping) -> dict:
    """Tags as a map, from a list or a map."""
    tags = props.get("Tags") or {}
    return {tag["Key"]: tag["Value"] for tag in tags} if isinstance(tags, list) else dict(tags)


class Archive(Resource):
    """An archive of an event bus."""

    type = "AWS::Events::Archive"
    create_only = ("ArchiveName", "SourceArn")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        name = props.get("ArchiveName") or place.name(48)
        answer = self.services.client("events").create_archive(
            ArchiveName=name, EventSourceArn=props["SourceArn"], **self._changeable(props))
        return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self.services.client("events").update_archive(ArchiveName=physical_id, **self._changeable(new))

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("events").delete_archive(ArchiveName=physical_id)

    def _changeable(self, props: Mapping) -> dict:
        given = _given(props, "Description")
        if props.get("EventPattern"):
            given["EventPattern"] = json.dumps(props["EventPattern"])
        if props.get("RetentionDays") is not None:
            given["RetentionDays"] = int(props["RetentionDays"])
        return given


class OidcProvider(Resource):
    """An IAM OpenID Connect provider."""

    type = "AWS::IAM::OIDCProvider"
    create_only = ("Url",)

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        answer = self.services.client("iam").create_open_id_connect_provider(
            Url=props["Url"], ClientIDList=props.get("ClientIdList") or [],
            ThumbprintList=props.get("ThumbprintList") or ["0" * 40])
        return answer["OpenIDConnectProviderArn"], {"Arn": answer["OpenIDConnectProviderArn"]}

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=physical_id)


class CompositeAlarm(Resource):
    """An alarm over other alarms."""

    type = "AWS::CloudWatch::CompositeAlarm"
    create_only = ("AlarmName",)

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        name = props.get("AlarmName") or place.name(255)
        return name, self._put(name, props)

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> dict:
        return self._put(physical_id, new)

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("cloudwatch").delete_alarms(AlarmNames=[physical_id])

    def _put(self, name: str, props: Mapping) -> dict:
        cloudwatch = self.services.client("cloudwatch")
        given = _given(props, "AlarmDescription", "AlarmRule", "AlarmActions", "OKActions", "InsufficientDataActions",
                       "ActionsSuppressor")
        if props.get("ActionsEnabled") is not None:
            given["ActionsEnabled"] = str(props["ActionsEnabled"]).lower() == "true"
        cloudwatch.put_composite_alarm(AlarmName=name, **given)
        alarm = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
        return {"Arn": alarm["AlarmArn"]}


class NamedQuery(Resource):
    """A saved Athena query."""

    type = "AWS::Athena::NamedQuery"
    create_only = ("Database", "Name", "QueryString", "WorkGroup", "Description")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        answer = self.services.client("athena").create_named_query(
            Name=props.get("Name") or place.name(128), **_given(props, "Database", "QueryString", "WorkGroup",
                                                                "Description"))
        return answer["NamedQueryId"], {"NamedQueryId": answer["NamedQueryId"]}

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("athena").delete_named_query(NamedQueryId=physical_id)


class ClusterCapacityProviders(Resource):
    """Which capacity providers an ECS cluster has."""

    type = "AWS::ECS::ClusterCapacityProviderAssociations"
    create_only = ("Cluster",)

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        self._put(props["Cluster"], props)
        return props["Cluster"], {}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self._put(physical_id, new)

    def delete(self, physical_id: str, props: Mapping) -> None:
        self._put(physical_id, {})

    def _put(self, cluster: str, props: Mapping) -> None:
        strategy = [{name[:1].lower() + name[1:]: value if name == "CapacityProvider" else int(value)
                     for name, value in item.items()} for item in props.get("DefaultCapacityProviderStrategy") or []]
        self.services.client("ecs").put_cluster_capacity_providers(
            cluster=cluster, capacityProviders=props.get("CapacityProviders") or [],
            defaultCapacityProviderStrategy=strategy)


def install_secret() -> None:
    """Ref of a secret is its ARN, as on AWS (container definitions are built from it); a generated value without
    punctuation has none."""
    resource_type = "AWS::SecretsManager::Secret"
    original = dict(ministack.handler(resource_type))

    def adapt(props):
        generate = props.get("GenerateSecretString") or {}
        if str(generate.get("ExcludePunctuation")).lower() != "true":
            return props
        excluded = generate.get("ExcludeCharacters", "") + string.punctuation
        return {**props, "GenerateSecretString": {**generate, "ExcludeCharacters": excluded}}

    def create(logical_id, props, stack):
        _, attributes = original["create"](logical_id, adapt(props), stack)
        return attributes["Arn"], attributes

    def update(physical_id, old, new, stack, logical_id):
        name = ministack.secret_name(physical_id)
        _, attributes = original["update"](name, adapt(old), adapt(new), stack, logical_id)
        return attributes["Arn"], attributes

    def delete(physical_id, props):
        original["delete"](ministack.secret_name(physical_id), props)

    ministack.set_handler(resource_type, create, update, delete)


RESOURCES = (Archive, OidcProvider, CompositeAlarm, NamedQuery, ClusterCapacityProviders)
