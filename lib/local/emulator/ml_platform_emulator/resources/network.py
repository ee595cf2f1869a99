"""EC2 and Route 53 types, through the emulator's own API."""
from typing import Mapping

from .base import Place, Resource, extend


def tag_specifications(resource_type: str, props: Mapping) -> list:
    """The TagSpecifications of an EC2 call."""
    tags = props.get("Tags") or []
    return [{"ResourceType": resource_type, "Tags": list(tags)}] if tags else []


class Eip(Resource):
    """An elastic address."""

    type = "AWS::EC2::EIP"
    create_only = ("Domain", "NetworkBorderGroup")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        address = self.services.client("ec2").allocate_address(
            Domain="vpc", TagSpecifications=tag_specifications("elastic-ip", props))
        return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}

    def delete(self, physical_id: str, props: Mapping) -> None:
        ec2 = self.services.client("ec2")
        for address in ec2.describe_addresses()["Addresses"]:
            if address["PublicIp"] == physical_id:
                ec2.release_address(AllocationId=address["AllocationId"])


class NatGateway(Resource):
    """A NAT gateway; nothing is translated, there is no network."""

    type = "AWS::EC2::NatGateway"
    create_only = ("SubnetId", "AllocationId", "ConnectivityType", "PrivateIpAddress")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        given = {name: props[name] for name in ("AllocationId", "ConnectivityType") if props.get(name)}
        gateway = self.services.client("ec2").create_nat_gateway(
            SubnetId=props["SubnetId"], TagSpecifications=tag_specifications("natgateway", props), **given)
        identifier = gateway["NatGateway"]["NatGatewayId"]
        return identifier, {"NatGatewayId": identifier}

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("ec2").delete_nat_gateway(NatGatewayId=physical_id)


class _SecurityGroupRule(Resource):
    create_only = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId",
                   "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId")
    direction = ""

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        authorize = getattr(self.services.client("ec2"), f"authorize_security_group_{self.direction}")
        answer = authorize(GroupId=props["GroupId"], IpPermissions=[permission(props)])
        rules = answer.get("SecurityGroupRules") or []
        identifier = rules[0]["SecurityGroupRuleId"] if rules else place.name(60)
        return identifier, {"Id": identifier}

    def delete(self, physical_id: str, props: Mapping) -> None:
        from botocore.exceptions import ClientError
        revoke = getattr(self.services.client("ec2"), f"revoke_security_group_{self.direction}")
        try:
            revoke(GroupId=props["GroupId"], IpPermissions=[permission(props)])
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise


class SecurityGroupIngress(_SecurityGroupRule):
    """A rule beside its group."""

    type = "AWS::EC2::SecurityGroupIngress"
    direction = "ingress"


class SecurityGroupEgress(_SecurityGroupRule):
    """A rule beside its group."""

    type = "AWS::EC2::SecurityGroupEgress"
    direction = "egress"


def permission(props: Mapping) -> dict:
    """A rule's properties in the shape of the EC2 API."""
    rule: dict = {"IpProtocol": str(props.get("IpProtocol", "-1"))}
    rule.update({name: int(props[name]) for name in ("FromPort", "ToPort") if props.get(name) is not None})
    text = {"Description": props["Description"]} if props.get("Description") else {}
    group = props.get("SourceSecurityGroupId") or props.get("DestinationSecurityGroupId")
    prefixes = props.get("SourcePrefixListId") or props.get("DestinationPrefixListId")
    if props.get("CidrIp"):
        rule["IpRanges"] = [{"CidrIp": props["CidrIp"], **text}]
    if props.get("CidrIpv6"):
        rule["Ipv6Ranges"] = [{"CidrIpv6": props["CidrIpv6"], **text}]
    if group:
        rule["UserIdGroupPairs"] = [{"GroupId": group, **text}]
    if prefixes:
        rule["PrefixListIds"] = [{"PrefixListId": prefixes, **text}]
    return rule


class FlowLog(Resource):
    """A flow log; no traffic is recorded, there is no network."""

    type = "AWS::EC2::FlowLog"
    create_only = ("ResourceId", "ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName",
                   "DeliverLogsPermissionArn", "MaxAggregationInterval", "LogFormat")

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        names = ("TrafficType", "LogDestinationType", "LogDestination", "LogGroupName", "DeliverLogsPermissionArn",
                 "LogFormat")
        given = {name: props[name] for name in names if props.get(name)}
        answer = self.services.client("ec2").create_flow_logs(
            ResourceIds=[props["ResourceId"]], ResourceType=props["ResourceType"], **given)
        if answer.get("Unsuccessful"):
            raise ValueError(answer["Unsuccessful"][0]["Error"]["Message"])
        return answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]}

    def delete(self, physical_id: str, props: Mapping) -> None:
        self.services.client("ec2").delete_flow_logs(FlowLogIds=[physical_id])


def extend_vpc() -> None:
    """Attributes of a VPC that ministack does not answer; interface endpoints of the CDK use the first."""
    def complete(props: Mapping, attributes: dict) -> None:
        attributes.update({"CidrBlock": props.get("CidrBlock", ""), "Ipv6CidrBlocks": [], "CidrBlockAssociations": []})

    extend("AWS::EC2::VPC", created=lambda place, props, name, attributes: complete(props, attributes),
           updated=lambda place, old, new, name, attributes: complete(new, attributes))


RESOURCES = (Eip, NatGateway, SecurityGroupIngress, SecurityGroupEgress, FlowLog)
