"""Volumes: attached to one instance at a time, in one zone."""

from errors import refuse
from moto.ec2.models.elastic_block_store import EBSBackend


def install() -> None:
    _attach_checks()
    _detach_finds_the_instance()


def _attach_checks() -> None:
    """EC2 refuses a volume that is attached, of another zone, on a taken device name, or for a
    terminated instance."""
    original = EBSBackend.attach_volume

    def attach_volume(self, volume_id, instance_id, device_path, *args, **options):
        volume = self.get_volume(volume_id)
        instance = self.get_instance(instance_id)
        if volume.attachment:
            refuse("VolumeInUse", f"{volume_id} is already attached to an instance")
        if instance.state == "terminated":
            refuse("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
        if volume.availability_zone != instance.availability_zone:
            refuse(
                "InvalidVolume.ZoneMismatch",
                f"The volume '{volume_id}' is not in the same availability zone as instance "
                f"'{instance_id}'",
            )
        if device_path in instance.block_device_mapping:
            refuse(
                "InvalidParameterValue",
                f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is "
                "already in use",
            )
        return original(self, volume_id, instance_id, device_path, *args, **options)

    EBSBackend.attach_volume = attach_volume


def _detach_finds_the_instance() -> None:
    """EC2 needs only the volume to detach it; moto needs the instance too."""
    original = EBSBackend.detach_volume

    def detach_volume(self, volume_id, instance_id, device_path):
        attachment = self.get_volume(volume_id).attachment
        if not attachment or (instance_id and attachment.instance.id != instance_id):
            refuse("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
        return original(self, volume_id, attachment.instance.id, device_path)

    EBSBackend.detach_volume = detach_volume
