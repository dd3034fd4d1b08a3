"""One rule for every call: a parameter that nothing reads is refused, before anything is done.

EC2 does what it is asked, or refuses. moto passes over what it does not know and answers 200, and a
test that relied on it would prove nothing.
"""

import functools
from collections.abc import Iterator

import handlers
from botocore.model import Shape
from errors import refuse
from moto.core.parse import EC2QueryParser
from moto.core.utils import get_service_model
from moto.ec2.responses import EC2Response

IGNORED = {
    "ClientToken": "it matters where a call is sent twice, and client_tokens.py sees to those",
    "MaxResults": "no list of the lab is longer than a page, so the first one is all",
    "DescribeAccountAttributes.AttributeNames": "all are answered, those asked for among them",
    "DescribeImages.IncludeDeprecated": "no image of the lab is deprecated",
    "DetachNetworkInterface.Force": "every interface is let go at once",
    "DetachVolume.Force": "every volume is let go at once",
    "ReleaseAddress.NetworkBorderGroup": "the allocation id names the address alone",
}
"""Parameters of all calls, or of one action, that may stay unread, and why."""

DEFAULTS = {
    "DryRun": False,
    "IncludeManagedResources": False,
    "AttachNetworkInterface.NetworkCardIndex": 0,
    "CreateNetworkInterface.InterfaceType": "interface",
    "DescribeAvailabilityZones.AllAvailabilityZones": False,
    "RunInstances.MaintenanceOptions.AutoRecovery": "default",
    "RunInstances.NetworkInterfaces.NetworkCardIndex": 0,
    "RunInstances.Placement.Tenancy": "default",
    "StopInstances.Force": False,
    "StopInstances.Hibernate": False,
}
"""Parameters that may stay unread with this value alone, which is what EC2 does without them."""

_ONE_RULE = "CidrIp FromPort IpProtocol ToPort"
MORE = {
    "AuthorizeSecurityGroupEgress": _ONE_RULE,
    "AuthorizeSecurityGroupIngress": _ONE_RULE,
    "DeleteKeyPair": "KeyPairId",
    "DescribeKeyPairs": "KeyPairIds",
    "ModifyInstanceAttribute": "DisableApiStop.Value DisableApiTermination.Value EbsOptimized.Value"
    " InstanceType.Value Kernel.Value SourceDestCheck.Value UserData.Value",
    "ModifySubnetAttribute": "AssignIpv6AddressOnCreation.Value"
    " EnableResourceNameDnsARecordOnLaunch.Value MapPublicIpOnLaunch.Value",
    "ModifyVpcAttribute": "EnableDnsHostnames.Value EnableDnsSupport.Value"
    " EnableNetworkAddressUsageMetrics.Value",
    "RevokeSecurityGroupEgress": _ONE_RULE,
    "RevokeSecurityGroupIngress": _ONE_RULE,
    "RunInstances": "DisableApiTermination MaxCount",
}
"""What an action reads besides what its handler asks for by name: through the mends, or under a
name that moto makes up."""

MEMBERS = {
    "CreateNetworkInterface.PrivateIpAddresses": "Primary PrivateIpAddress",
    "IpPermissions": "FromPort IpProtocol ToPort IpRanges.CidrIp IpRanges.Description"
    " Ipv6Ranges.CidrIpv6 Ipv6Ranges.Description PrefixListIds.Description"
    " PrefixListIds.PrefixListId UserIdGroupPairs.Description UserIdGroupPairs.GroupId"
    " UserIdGroupPairs.GroupName UserIdGroupPairs.UserId",
    "ModifyInstanceAttribute.BlockDeviceMappings": "DeviceName Ebs.DeleteOnTermination",
    "ModifySecurityGroupRules.SecurityGroupRules": "SecurityGroupRuleId"
    " SecurityGroupRule.CidrIpv4 SecurityGroupRule.CidrIpv6 SecurityGroupRule.Description"
    " SecurityGroupRule.FromPort SecurityGroupRule.IpProtocol SecurityGroupRule.PrefixListId"
    " SecurityGroupRule.ReferencedGroupId SecurityGroupRule.ToPort",
    "RunInstances.BlockDeviceMappings": "DeviceName NoDevice VirtualName Ebs.DeleteOnTermination"
    " Ebs.Encrypted Ebs.Iops Ebs.KmsKeyId Ebs.SnapshotId Ebs.Throughput Ebs.VolumeSize"
    " Ebs.VolumeType",
    "RunInstances.MetadataOptions": "HttpEndpoint HttpProtocolIpv6 HttpPutResponseHopLimit"
    " HttpTokens InstanceMetadataTags",
    "RunInstances.NetworkInterfaces": "AssociatePublicIpAddress DeleteOnTermination DeviceIndex"
    " Groups NetworkInterfaceId PrivateIpAddress SubnetId",
}
"""Of a structure that a handler asks for as a whole: the members that something reads."""

_WHERE = "lab/ec2/moto/parameters.py lists what may be ignored, and why."
_NO_PARAMETERS = {"Action", "Version", "Signature", "Timestamp", "Expires", "SecurityToken"}


def install() -> None:
    original = EC2Response.call_action

    def call_action(self):
        action = self._get_action()
        if handlers.handles(action):
            _refuse_unknown(action, self.querystring)
            _refuse_unread(action, self.params)
        return original(self)

    EC2Response.call_action = call_action


@functools.cache
def read_by(action: str) -> frozenset[str]:
    """What the lab reads of an action: parameters, or members of them after a dot."""
    names = handlers.reads(action) | set(MORE.get(action, "").split())
    return frozenset(
        full
        for name in names
        for full in _with_members(name, MEMBERS.get(f"{action}.{name}") or MEMBERS.get(name))
    )


def _with_members(name: str, members: str | None) -> list[str]:
    return [f"{name}.{member}" for member in members.split()] if members else [name]


def unread(action: str, given: dict) -> dict[str, object]:
    """What nothing reads of a request, and may not be ignored: names with values."""
    return {
        path: value
        for path, value in _leaves(given)
        if not _is_read(action, path) and not _is_default(action, path, value)
    }


def _refuse_unread(action: str, given: dict) -> None:
    left = unread(action, given)
    if left:
        named = ", ".join(f"{path} (got {_short(value)})" for path, value in left.items())
        raise NotImplementedError(f"Nothing reads {named}. {_WHERE}")


def _is_read(action: str, path: str) -> bool:
    """Whether a parameter or what it is part of is read or ignored."""
    parts = path.split(".")
    wholes = {".".join(parts[: count + 1]) for count in range(len(parts))}
    ignored = IGNORED.keys() & (wholes | {f"{action}.{whole}" for whole in wholes})
    return bool(ignored or wholes & read_by(action))


def _is_default(action: str, path: str, value: object) -> bool:
    return any(name in DEFAULTS and DEFAULTS[name] == value for name in (path, f"{action}.{path}"))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


def _leaves(given: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every plain value with its path; the places of a list have the same one."""
    if isinstance(given, dict):
        for name, value in given.items():
            yield from _leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(given, list):
        for value in given:
            yield from _leaves(value, path)
    else:
        yield path, given


def _refuse_unknown(action: str, raw: dict) -> None:
    """A name that this version of EC2's API has not got: moto's parser leaves it out, so nobody
    would see it again."""
    shape = get_service_model("ec2").operation_model(action).input_shape
    for key in raw:
        if key in _NO_PARAMETERS or key.startswith(("X-Amz-", "AWSAccessKey", "Signature")):
            continue
        if not _is_known(shape, key.split(".")):
            refuse("UnknownParameter", f"The parameter {key} is not recognized")


def _is_known(shape: Shape | None, parts: list[str]) -> bool:
    if not parts:
        return True
    if shape is not None and shape.type_name == "list":
        return parts[0].isdigit() and _is_known(shape.member, parts[1:])
    return any(
        EC2QueryParser._get_serialized_name(None, member, name) == parts[0]
        and _is_known(member, parts[1:])
        for name, member in getattr(shape, "members", {}).items()
    )
