"""RunInstances: what EC2 checks before anything exists."""

from errors import refuse
from interfaces import refuse_if_in_use
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse


def install() -> None:
    _check_before_launch()
    _protected_from_the_start()
    _a_failed_launch_leaves_nothing()


def _check_before_launch() -> None:
    """EC2 checks key, interfaces, groups and architecture first; moto launches without, or fails
    half way."""
    original = InstanceResponse.run_instances

    def run_instances(self):
        backend = self.ec2_backend
        key_name = self._get_param("KeyName")
        if key_name and key_name not in backend.key_pairs:
            refuse("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")
        least, most = self._get_param("MinCount"), self._get_param("MaxCount")
        if least != most:
            raise NotImplementedError(f"MinCount and MaxCount differ (got {least} and {most}).")
        for tagged in self._get_param("TagSpecifications", []):
            if tagged.get("ResourceType") not in ("instance", "volume"):
                raise NotImplementedError(f"Tags at launch for {tagged.get('ResourceType')}.")
        specs = self._get_param("NetworkInterfaces", [])
        if specs and self._get_param("SecurityGroupIds", []):
            refuse(
                "InvalidParameterCombination",
                "Network interfaces and an instance-level security groups may not be specified on "
                "the same request",
            )
        for spec in specs:
            if "NetworkInterfaceId" in spec:
                refuse_if_in_use(backend.get_network_interface(spec["NetworkInterfaceId"]))
        _check_architecture(backend, self._get_param("ImageId"), self._get_param("InstanceType"))
        return original(self)

    InstanceResponse.run_instances = run_instances


def _protected_from_the_start() -> None:
    """EC2 does not end a machine launched with DisableApiTermination; moto drops that."""
    original = InstanceResponse.run_instances

    def run_instances(self):
        answer = original(self)
        for instance in answer.result.instances:
            instance.disable_api_termination = self._get_param("DisableApiTermination", False)
        return answer

    InstanceResponse.run_instances = run_instances


def _check_architecture(backend, image_id: str, instance_type: str) -> None:
    image = backend.amis.get(image_id)
    types = {
        known.name: known["ProcessorInfo"]["SupportedArchitectures"]
        for known in backend.instance_types
        if known.name == instance_type
    }
    if image and instance_type in types and image.architecture not in types[instance_type]:
        refuse(
            "InvalidParameterValue",
            f"The architecture '{types[instance_type][0]}' of the specified instance type does not "
            f"match the architecture '{image.architecture}' of the specified AMI. Specify an "
            "instance type and an AMI that have matching architectures, and try again.",
        )


def _a_failed_launch_leaves_nothing() -> None:
    """A refused launch leaves no trace in EC2; moto keeps a reservation without instances."""
    original = InstanceBackend.run_instances

    def run_instances(self, *args, **options):
        try:
            return original(self, *args, **options)
        except Exception:
            for reservation in [one for one in self.reservations.values() if not one.instances]:
                del self.reservations[reservation.id]
            raise

    InstanceBackend.run_instances = run_instances
