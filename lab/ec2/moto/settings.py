"""What the lab tells its EC2 emulator."""

import json
import os
import tempfile

LAB = json.loads(os.environ["ETCD_LAB_EC2"])
"""port, region, vpc {id, cidr, subnets [{id, zone, cidr}]}, images [{id, name, description,
architecture}]."""

DEBIAN_OWNER = "136693071363"
"""The account that publishes Debian's images on the real EC2."""


def prepare_moto() -> None:
    """Gives moto the lab's images in place of its own, and has it refuse unknown images and
    instance types, as EC2 does."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump([_image(image) for image in LAB["images"]], file)
    os.environ["MOTO_AMIS_PATH"] = file.name
    os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "1"
    os.environ["MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION"] = "1"


def _image(image: dict) -> dict:
    return {
        "ami_id": image["id"],
        "name": image["name"],
        "description": image["description"],
        "architecture": image["architecture"],
        "owner_id": DEBIAN_OWNER,
        "public": True,
        "virtualization_type": "hvm",
        "state": "available",
        "platform": None,
        "image_type": "machine",
        "hypervisor": "xen",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
        "sriov": "simple",
        "creation_date": "2025-10-06T22:57:00.000Z",
    }
