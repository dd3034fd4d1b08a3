"""Instances: what they take from their interface, and what their end leaves behind."""

from errors import refuse
from interfaces import refuse_if_in_use
from moto.ec2.models.instances import Instance


def install() -> None:
    _groups_are_the_interfaces()
    _follow_the_interface()
    _terminate_frees_interfaces()
    _a_terminated_instance_has_no_address()
    _terminated_is_final()


def _groups_are_the_interfaces() -> None:
    """In EC2 an instance's groups are those of its primary interface, read or changed; moto keeps
    two lists."""

    def read(self):
        nics = self.__dict__.get("nics")
        if nics is None:
            return self._groups_at_launch
        return list(nics[0]._group_set) if 0 in nics else []

    def change(self, groups):
        nics = self.__dict__.get("nics")
        if nics is None:
            self._groups_at_launch = groups
        elif 0 in nics:
            nics[0]._group_set = list(groups)

    Instance.security_groups = property(read, change)


def _follow_the_interface() -> None:
    """EC2 puts an instance launched on an existing interface into that interface's zone and gives
    it no public address.

    An interface made by the launch goes with its instance unless told otherwise; an existing one
    stays. moto has both the other way round.
    """
    original = Instance.prep_nics

    def prep_nics(self, nic_spec, *args, **options):
        for spec in nic_spec:
            if "NetworkInterfaceId" not in spec:
                continue
            interface = self.ec2_backend.get_network_interface(spec["NetworkInterfaceId"])
            refuse_if_in_use(interface)
            if int(spec.get("DeviceIndex", 0)) == 0:
                self._placement.zone = interface.subnet.availability_zone
                self.associate_public_ip = False
        original(self, nic_spec, *args, **options)
        specs = {int(spec.get("DeviceIndex", 0)): spec for spec in nic_spec}
        for index, interface in self.nics.items():
            spec = specs.get(index, {})
            interface.delete_on_termination = spec.get(
                "DeleteOnTermination", "NetworkInterfaceId" not in spec
            )

    Instance.prep_nics = prep_nics


def _terminate_frees_interfaces() -> None:
    """EC2 gives interfaces back when an instance ends, or deletes those marked so; moto leaves them
    in use for ever."""
    original = Instance.terminate

    def terminate(self):
        for interface in list(self.nics.values()):
            interface.stop()
            self.detach_eni(interface)
            if interface.delete_on_termination:
                interface.delete()
        return original(self)

    Instance.terminate = terminate


def _a_terminated_instance_has_no_address() -> None:
    """EC2 shows a terminated instance without addresses; moto has no way to show an instance
    without interface."""
    for name, nothing in (
        ("private_ip", None),
        ("private_ip_address", None),
        ("public_ip", None),
        ("public_ip_address", None),
        ("private_dns_name", ""),
    ):
        original = getattr(Instance, name).fget
        setattr(
            Instance,
            name,
            property(
                lambda self, original=original, nothing=nothing: (
                    original(self) if 0 in self.nics else nothing
                )
            ),
        )
    for name in ("subnet_id", "vpc_id"):
        original = getattr(Instance, name).fget
        setattr(
            Instance,
            name,
            property(
                lambda self, original=original: (
                    None if self.state == "terminated" else original(self)
                )
            ),
        )


def _terminated_is_final() -> None:
    """EC2 neither starts nor stops a terminated instance; moto brings it back to life."""
    for verb in ("start", "stop"):
        original = getattr(Instance, verb)

        def change(self, original=original, verb=verb):
            if self.state == "terminated":
                done = {"start": "started", "stop": "stopped"}[verb]
                refuse(
                    "IncorrectInstanceState",
                    f"This instance '{self.id}' is not in a state from which it can be {done}.",
                )
            return original(self)

        setattr(Instance, verb, change)
