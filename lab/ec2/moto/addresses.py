"""Addresses: which there are, and who has them."""

import ipaddress
import itertools

from errors import refuse
from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet

RESERVED_AT_START = 4
"""EC2 keeps the network's address, the router's, the resolver's and one more; the last one is the
broadcast's."""


def install() -> None:
    Subnet.get_available_subnet_ip = lowest_free_address
    Subnet.request_ip = check_address
    _choose_or_check_on_create()
    _public_addresses_lead_nowhere()


def addresses_in_use(subnet: Subnet) -> set[str]:
    return {
        address["PrivateIpAddress"]
        for interface in subnet.ec2_backend.enis.values()
        if interface.subnet.id == subnet.id
        for address in interface.private_ip_addresses
    }


def lowest_free_address(subnet: Subnet, instance=None) -> str:
    """EC2 hands out a free address of the subnet; moto's choice may be taken, or one that EC2
    reserves."""
    used = addresses_in_use(subnet)
    for number in range(RESERVED_AT_START, subnet.cidr.num_addresses - 1):
        if str(subnet.cidr[number]) not in used:
            return str(subnet.cidr[number])
    refuse(
        "InsufficientFreeAddressesInSubnet",
        "The specified subnet does not have enough free addresses to satisfy the request: "
        f"{subnet.id}",
    )


def check_address(subnet: Subnet, address: str, instance=None) -> None:
    """EC2 refuses an address outside the subnet, a reserved one and one in use; moto answers 500,
    or takes it."""
    if ipaddress.ip_address(address) not in subnet.cidr:
        refuse(
            "InvalidParameterValue",
            f"Address {address} does not fall within the subnet's address range",
        )
    number = int(ipaddress.ip_address(address)) - int(subnet.cidr.network_address)
    if number < RESERVED_AT_START or number == subnet.cidr.num_addresses - 1:
        refuse("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")
    if address in addresses_in_use(subnet):
        refuse("InvalidIPAddress.InUse", f"Address {address} is in use.")


def _choose_or_check_on_create() -> None:
    """EC2 checks every address given for an interface, and chooses a free one where none is; moto
    draws lots."""
    original = NetworkInterfaceBackend.create_network_interface

    def create_network_interface(
        self, subnet, private_ip_address, private_ip_addresses=None, *args, **options
    ):
        subnet = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        wanted = [
            item if isinstance(item, str) else item["PrivateIpAddress"]
            for item in private_ip_addresses or []
        ]
        if private_ip_address and private_ip_address not in wanted:
            wanted.append(private_ip_address)
        for address in wanted:
            check_address(subnet, address)
        if not wanted:
            private_ip_address = lowest_free_address(subnet)
        return original(self, subnet, private_ip_address, private_ip_addresses, *args, **options)

    NetworkInterfaceBackend.create_network_interface = create_network_interface


def _public_addresses_lead_nowhere() -> None:
    """moto's Elastic IPs are loopback addresses, its other public ones somebody's; these are the
    ones kept for documentation.

    A program that dials one gets no answer, rather than this host's own sshd.
    """
    numbers = itertools.cycle(range(1, 255))
    elastic_ip_addresses.random_ip = lambda: f"203.0.113.{next(numbers)}"
    elastic_network_interfaces.random_public_ip = lambda: f"198.51.100.{next(numbers)}"
