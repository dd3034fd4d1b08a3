"""Filters of Describe calls."""

from moto.ec2.models.instances import Instance
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.ec2.utils import filter_dict_attribute_mapping, is_tag_filter

_RULE = (
    "cidr from-port group-id group-name prefix-list-id protocol to-port user-id ipv6-cidr".split()
)
KNOWN = {
    "DescribeAvailabilityZones": {"region-name", "state", "zone-id", "zone-name", "zone-type"},
    "DescribeIamInstanceProfileAssociations": {"instance-id", "state"},
    "DescribeImages": {
        "architecture",
        "image-id",
        "is-public",
        "name",
        "owner-alias",
        "owner-id",
        "platform",
        "root-device-name",
        "root-device-type",
        "state",
        "virtualization-type",
    },
    "DescribeInstanceTypeOfferings": {"instance-type", "location"},
    "DescribeInternetGateways": {"attachment.state", "attachment.vpc-id", "internet-gateway-id"},
    "DescribeNetworkAcls": {"association.subnet-id", "default", "owner-id", "vpc-id"},
    "DescribeRouteTables": {
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.gateway-id",
        "vpc-id",
    },
    "DescribeSubnets": {
        "availability-zone",
        "availabilityZone",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "state",
        "subnet-id",
        "vpc-id",
    },
    "DescribeVpcs": {
        "cidr",
        "cidr-block",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "cidrBlock",
        "dhcp-options-id",
        "dhcpOptionsId",
        "is-default",
        "isDefault",
        "state",
        "vpc-id",
    },
    "DescribeVolumes": {
        "attachment.attach-time",
        "attachment.device",
        "attachment.instance-id",
        "attachment.status",
        "availability-zone",
        "create-time",
        "encrypted",
        "size",
        "snapshot-id",
        "status",
        "volume-id",
        "volume-type",
    },
    "DescribeNetworkInterfaces": {
        "addresses.private-ip-address",
        "attachment.attachment-id",
        "attachment.instance-id",
        "attachment.instance-owner-id",
        "availability-zone",
        "description",
        "group-id",
        "mac-address",
        "network-interface-id",
        "owner-id",
        "private-ip-address",
        "status",
        "subnet-id",
        "vpc-id",
    },
    "DescribeAddresses": {
        "allocation-id",
        "association-id",
        "domain",
        "instance-id",
        "network-interface-id",
        "private-ip-address",
        "public-ip",
    },
    "DescribeSecurityGroups": {
        "description",
        *(f"ip-permission.{name}" for name in _RULE),
        *(f"egress.ip-permission.{name}" for name in _RULE),
        "group-id",
        "group-name",
        "owner-id",
        "vpc-id",
    },
    "DescribeSecurityGroupRules": {"group-id", "security-group-rule-id"},
    "DescribeKeyPairs": {"fingerprint", "key-name", "key-pair-id"},
    "DescribeTags": {"key", "resource-id", "resource-type", "value"},
}
"""What moto filters by, beside tags. Of a call that is not listed every filter is refused: moto
lets unknown names pass in most of them."""

REFUSES_ITSELF = {"DescribeInstanceTypes", "DescribeVpcEndpointServices"}
"""Calls with longer lists of their own, that refuse a name that is not in them."""

UNTAGGED = {
    "DescribeAvailabilityZones",
    "DescribeIamInstanceProfileAssociations",
    "DescribeInstanceTypeOfferings",
    "DescribeTags",
}
"""Calls about things without tags; the names of DescribeTags have a form of their own."""


def install() -> None:
    _instances_by_more()
    _unknown_and_repeated_ones_are_refused()


def _instances_by_more() -> None:
    """EC2 filters instances by these too; moto answers HTTP 500."""
    Instance.interface_ids = property(
        lambda self: [interface.id for interface in self.nics.values()]
    )
    Instance.volume_ids = property(
        lambda self: [block.volume_id for block in self.block_device_mapping.values()]
    )
    Instance.state_code_text = property(lambda self: str(self.state_code))
    filter_dict_attribute_mapping.update(
        {
            "client-token": "client_token",
            "network-interface.network-interface-id": "interface_ids",
            "network-interface.subnet-id": "subnet_id",
            "network-interface.addresses.private-ip-address": "private_ip",
            "block-device-mapping.volume-id": "volume_ids",
            "instance-state-code": "state_code_text",
        }
    )
    KNOWN["DescribeInstances"] = set(filter_dict_attribute_mapping)


def _unknown_and_repeated_ones_are_refused() -> None:
    """EC2 refuses a filter that it does not know, and of two with one name both must fit.

    moto looks at a name only once there is something to filter, or never, and takes the last of
    two.
    """
    original = EC2BaseResponse._filters_from_querystring

    def read(self):
        given = self._get_param("Filters", []) or self._get_param("Filter", [])
        names = [one.get("Name") for one in given]
        action = self._get_action()
        for name in names:
            if names.count(name) > 1:
                raise NotImplementedError(f"Two filters with the name '{name}'.")
            known = KNOWN.get(action, set())
            tagged = known and action not in UNTAGGED
            by_tag = tagged and is_tag_filter(name or "")
            if action not in REFUSES_ITSELF and name not in known and not by_tag:
                all_known = [*sorted(known), *(["tags"] if tagged else [])]
                raise NotImplementedError(
                    f"The filter '{name}': lab/ec2/moto/filters.py knows "
                    f"{', '.join(all_known) or 'none'} for this call."
                )
        return original(self)

    EC2BaseResponse._filters_from_querystring = read
