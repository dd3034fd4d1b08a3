"""Filters of DescribeInstances."""

from moto.ec2.models.instances import Instance
from moto.ec2.utils import filter_dict_attribute_mapping


def install() -> None:
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
