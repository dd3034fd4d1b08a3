"""Elastic IPs: few, never given back while in use, and free once their interface is gone."""

from errors import refuse
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend

QUOTA = 5
"""Addresses of one account and region, unless it asks for more."""


def install() -> None:
    _few()
    _in_use_is_kept()
    _free_without_interface()


def _few() -> None:
    """EC2 refuses the sixth; moto has no limit."""
    original = ElasticAddressBackend.allocate_address

    def allocate_address(self, *args, **options):
        if len(self.addresses) >= QUOTA:
            refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return original(self, *args, **options)

    ElasticAddressBackend.allocate_address = allocate_address


def _in_use_is_kept() -> None:
    """EC2 does not take back an address that an interface has; moto takes it off first."""
    original = ElasticAddressBackend.release_address

    def release_address(self, address=None, allocation_id=None):
        found = (
            self.address_by_ip([address])
            if address
            else self.address_by_allocation([allocation_id])
        )
        if found[0].association_id:
            refuse("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
        return original(self, address, allocation_id)

    ElasticAddressBackend.release_address = release_address


def _free_without_interface() -> None:
    """An interface that is deleted leaves its address free to be given back or used again; in moto
    the address stays associated with what is gone."""
    original = NetworkInterfaceBackend.delete_network_interface

    def delete_network_interface(self, eni_id):
        original(self, eni_id)
        for address in self.addresses:
            if address.eni and address.eni.id == eni_id:
                self.disassociate_address(association_id=address.association_id)

    NetworkInterfaceBackend.delete_network_interface = delete_network_interface
