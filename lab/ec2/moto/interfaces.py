"""Network interfaces: things of their own, that instances borrow."""

from errors import refuse
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend


def install() -> None:
    _groups_must_exist()
    _mac_follows_address()
    _in_use_is_kept()
    _attach_only_when_free()
    _groups_are_its_own()
    _no_association_without_public_address()


def refuse_if_in_use(interface: NetworkInterface) -> None:
    if interface.status == "in-use":
        refuse("InvalidNetworkInterface.InUse", f"Interface: [{interface.id}] in use.")


def _groups_must_exist() -> None:
    """EC2 refuses an unknown security group; moto makes one of that name."""
    original = NetworkInterfaceBackend.create_network_interface

    def create_network_interface(
        self,
        subnet,
        private_ip_address,
        private_ip_addresses=None,
        group_ids=None,
        *args,
        **options,
    ):
        for group_id in group_ids or []:
            if not self.get_security_group_from_id(group_id):
                refuse("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        return original(
            self, subnet, private_ip_address, private_ip_addresses, group_ids, *args, **options
        )

    NetworkInterfaceBackend.create_network_interface = create_network_interface
    change = NetworkInterfaceBackend.modify_network_interface_attribute

    def modify_network_interface_attribute(self, eni_id, group_ids, *args, **options):
        for group_id in group_ids:
            if not self.get_security_group_from_id(group_id):
                refuse("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        return change(self, eni_id, group_ids, *args, **options)

    NetworkInterfaceBackend.modify_network_interface_attribute = modify_network_interface_attribute


def _mac_follows_address() -> None:
    """What EC2 reports as an interface's MAC is what the machine has; lab/network.ts makes it from
    the address."""
    original = NetworkInterfaceBackend.create_network_interface

    def create_network_interface(self, *args, **options):
        interface = original(self, *args, **options)
        numbers = (int(part) for part in interface.private_ip_address.split("."))
        interface.mac_address = "0a:58:" + ":".join(f"{number:02x}" for number in numbers)
        return interface

    NetworkInterfaceBackend.create_network_interface = create_network_interface


def _in_use_is_kept() -> None:
    """EC2 does not delete an interface while an instance has it; moto does."""
    original = NetworkInterfaceBackend.delete_network_interface

    def delete_network_interface(self, eni_id):
        interface = self.enis.get(eni_id)
        if interface and interface.status == "in-use":
            refuse("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        original(self, eni_id)

    NetworkInterfaceBackend.delete_network_interface = delete_network_interface


def _attach_only_when_free() -> None:
    """EC2 attaches an interface to one instance at a time, and one interface to a device index;
    moto overwrites."""
    original = NetworkInterfaceBackend.attach_network_interface

    def attach_network_interface(self, eni_id, instance_id, device_index):
        refuse_if_in_use(self.get_network_interface(eni_id))
        if int(device_index) in self.get_instance(instance_id).nics:
            refuse(
                "InvalidParameterValue",
                f"Instance '{instance_id}' already has an interface attached at device index "
                f"'{device_index}'.",
            )
        return original(self, eni_id, instance_id, device_index)

    NetworkInterfaceBackend.attach_network_interface = attach_network_interface


def _groups_are_its_own() -> None:
    """In EC2 security groups belong to the interface alone; moto mixes the instance's in, in no
    order."""
    NetworkInterface.group_set = property(lambda self: list(self._group_set))


def _no_association_without_public_address() -> None:
    """EC2 leaves `association` out where there is no public address; moto's empty one shows as an
    endless difference."""
    original = NetworkInterface.association.fget
    NetworkInterface.association = property(lambda self: original(self) or None)
