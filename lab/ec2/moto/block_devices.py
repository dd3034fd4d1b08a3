"""The volumes an instance is launched with."""

from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.responses.instances import InstanceResponse

ROOT_VOLUME = {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}
"""Debian's images on EC2: 8 GiB gp3, which goes with the instance."""


def install() -> None:
    _the_image_gives_the_root_volume()
    _iops_and_throughput_are_kept()
    _gp3_has_throughput()


def _the_image_gives_the_root_volume() -> None:
    """EC2 takes the root volume from the image and lets the request change parts of it.

    moto attaches an 8 GiB gp2 volume under another name, or demands the size again.
    """

    def parse(self):
        image = self.ec2_backend.amis.get(self._get_param("ImageId"))
        root = image.root_device_name if image else "/dev/xvda"
        asked = {
            mapping["DeviceName"]: mapping for mapping in self._get_param("BlockDeviceMappings", [])
        }
        defaults = {root: ROOT_VOLUME}
        mappings = []
        for name in dict.fromkeys([root, *asked]):
            mapping = asked.get(name, {})
            ebs = {**defaults.get(name, {"DeleteOnTermination": True}), **mapping.get("Ebs", {})}
            self._validate_block_device_mapping({**mapping, "Ebs": ebs})
            mappings.append(
                {
                    "DeviceName": name,
                    "NoDevice": mapping.get("NoDevice"),
                    "VirtualName": mapping.get("VirtualName"),
                    "Ebs": ebs,
                }
            )
        return mappings

    InstanceResponse._parse_block_device_mapping = parse


def _iops_and_throughput_are_kept() -> None:
    """EC2 gives launched volumes the performance asked for; moto drops it."""
    original = InstanceResponse.run_instances

    def run_instances(self):
        answer = original(self)
        asked = {
            mapping["DeviceName"]: mapping["Ebs"] for mapping in self._parse_block_device_mapping()
        }
        for instance in answer.result.instances:
            for name, block in instance.block_device_mapping.items():
                volume = self.ec2_backend.get_volume(block.volume_id)
                volume.iops = asked.get(name, {}).get("Iops") or volume.iops
                volume.throughput = asked.get(name, {}).get("Throughput") or volume.throughput
        return answer

    InstanceResponse.run_instances = run_instances


def _gp3_has_throughput() -> None:
    """A gp3 volume has 125 MiB/s unless more is asked for; moto says none."""
    original = Volume.__init__

    def __init__(self, *args, **options):
        original(self, *args, **options)
        if self.volume_type == "gp3":
            self.throughput = self.throughput or 125

    Volume.__init__ = __init__
