"""EKS types that ministack's CloudFormation lacks, through the emulator's own EKS API, and the cluster's endpoint."""
import base64
from typing import Mapping, Optional

from .. import ministack_api as ministack
from ..kubernetes import authority_of, read_kubeconfig
from .base import Place, Resource, Services, camel, extend
from .control import tag_map


def _without_tags(props: Mapping, *names: str) -> dict:
    return {**camel({name: props[name] for name in names if props.get(name)}),
            **({"tags": tag_map(props)} if props.get("Tags") else {})}


class Addon(Resource):
    """An EKS add-on; recorded by the emulator, nothing is installed."""

    type = "AWS::EKS::Addon"
    create_only = ("ClusterName", "AddonName")
    changeable = ("AddonVersion", "ConfigurationValues", "ServiceAccountRoleArn", "ResolveConflicts",
                  "PodIdentityAssociations")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        answer = self.services.client("eks").create_addon(
            clusterName=props["ClusterName"], addonName=props["AddonName"], **_without_tags(props, *self.changeable))
        return f"{props['ClusterName']}|{props['AddonName']}", {"Arn": answer["addon"]["addonArn"]}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        given = camel({name: new[name] for name in self.changeable if new.get(name)})
        self.services.client("eks").update_addon(clusterName=new["ClusterName"], addonName=new["AddonName"], **given)

    def delete(self, physical_id: str, props: Mapping) -> None:
        cluster, addon = physical_id.split("|")
        self.services.client("eks").delete_addon(clusterName=cluster, addonName=addon)


class AccessEntry(Resource):
    """Who may use a cluster's API."""

    type = "AWS::EKS::AccessEntry"
    create_only = ("ClusterName", "PrincipalArn", "Type")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        cluster, principal = props["ClusterName"], props["PrincipalArn"]
        eks = self.services.client("eks")
        answer = eks.create_access_entry(clusterName=cluster, principalArn=principal,
                                         **_without_tags(props, "KubernetesGroups", "Username", "Type"))
        for policy in props.get("AccessPolicies") or []:
            eks.associate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy["PolicyArn"],
                                        accessScope=camel(policy["AccessScope"]))
        return f"{principal}|{cluster}", {"AccessEntryArn": answer["accessEntry"]["accessEntryArn"]}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        eks = self.services.client("eks")
        target = {"clusterName": new["ClusterName"], "principalArn": new["PrincipalArn"]}
        kept = {policy["PolicyArn"] for policy in new.get("AccessPolicies") or []}
        for policy in old.get("AccessPolicies") or []:
            if policy["PolicyArn"] not in kept:
                eks.disassociate_access_policy(**target, policyArn=policy["PolicyArn"])
        for policy in new.get("AccessPolicies") or []:
            eks.associate_access_policy(**target, policyArn=policy["PolicyArn"],
                                        accessScope=camel(policy["AccessScope"]))

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("eks").delete_access_entry(clusterName=props["ClusterName"],
                                                        principalArn=props["PrincipalArn"])


class PodIdentityAssociation(Resource):
    """AWS rights of a Kubernetes service account."""

    type = "AWS::EKS::PodIdentityAssociation"
    create_only = ("ClusterName", "Namespace", "ServiceAccount")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        answer = self.services.client("eks").create_pod_identity_association(
            clusterName=props["ClusterName"],
            **_without_tags(props, "Namespace", "ServiceAccount", "RoleArn"))["association"]
        return answer["associationArn"], {"AssociationArn": answer["associationArn"],
                                          "AssociationId": answer["associationId"]}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        self.services.client("eks").update_pod_identity_association(
            clusterName=new["ClusterName"], associationId=physical_id.rsplit("/", 1)[-1], roleArn=new["RoleArn"])

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("eks").delete_pod_identity_association(
            clusterName=props["ClusterName"], associationId=physical_id.rsplit("/", 1)[-1])


RESOURCES = (Addon, AccessEntry, PodIdentityAssociation)


def extend_cluster(services: Services) -> None:
    """A cluster has a security group that exists, and the endpoint and certificate of the local API server, when there
    is one."""
    server = authority = None
    if services.settings.kubeconfig:
        server, _ = read_kubeconfig(services.settings.kubeconfig)
        authority = base64.b64encode(authority_of(server).encode()).decode()

    def created(place: Place, props: Mapping, name: str, attributes: dict) -> None:
        cluster = ministack.eks_cluster(name)
        group = _cluster_security_group(services, name, props)
        if group:
            cluster.setdefault("resourcesVpcConfig", {})["clusterSecurityGroupId"] = group
            attributes["ClusterSecurityGroupId"] = group
        if server:
            cluster["endpoint"] = server["server"]
            cluster["certificateAuthority"] = {"data": authority}
            attributes.update({"Endpoint": server["server"], "CertificateAuthorityData": authority})

    def deleted(name: str, props: Mapping) -> None:
        ec2 = services.client("ec2")
        named = [{"Name": "group-name", "Values": [_group_name(name)]}]
        for group in ec2.describe_security_groups(Filters=named)["SecurityGroups"]:
            ec2.delete_security_group(GroupId=group["GroupId"])
    extend("AWS::EKS::Cluster", created=created, deleted=deleted)


def _group_name(cluster: str) -> str:
    return f"eks-cluster-sg-{cluster}"


def _cluster_security_group(services: Services, name: str, props: Mapping) -> Optional[str]:
    """The group that EKS makes for a cluster; ministack names one that does not exist, so no rule could join it."""
    subnets = (props.get("ResourcesVpcConfig") or {}).get("SubnetIds")
    if not subnets:
        return None
    ec2 = services.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[subnets[0]])["Subnets"][0]["VpcId"]
    made = ec2.create_security_group(GroupName=_group_name(name), Description=f"EKS cluster {name}", VpcId=vpc)
    return made["GroupId"]
