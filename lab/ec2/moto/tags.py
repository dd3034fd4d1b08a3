"""Tags: they hang on what exists, and go with it."""

from errors import refuse
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.key_pairs import KeyPairBackend
from moto.ec2.models.security_groups import SecurityGroupBackend


def install() -> None:
    _only_on_what_exists()
    _go_with_what_they_hang_on()


def _only_on_what_exists() -> None:
    """EC2 refuses to tag what it does not know; moto does so for some kinds, and keeps the tags of
    nothing for the others."""
    original = EC2Backend.do_resources_exist

    def check(self, resource_ids):
        kinds = {
            "i": (self.get_instance_by_id, "InvalidInstanceID.NotFound", "instance ID"),
            "eni": (self.enis.get, "InvalidNetworkInterfaceID.NotFound", "network interface ID"),
            "eipalloc": (
                {address.allocation_id for address in self.addresses}.__contains__,
                "InvalidAllocationID.NotFound",
                "allocation ID",
            ),
            "key": (
                {key.id for key in self.key_pairs.values()}.__contains__,
                "InvalidKeyPair.NotFound",
                "key pair ID",
            ),
        }
        for resource_id in resource_ids:
            find, code, what = kinds.get(resource_id.split("-")[0], (None, "", ""))
            if find and not find(resource_id):
                refuse(code, f"The {what} '{resource_id}' does not exist")
        return original(self, resource_ids)

    EC2Backend.do_resources_exist = check


def _go_with_what_they_hang_on() -> None:
    """In EC2 tags go with what they hang on; moto's DescribeTags shows them for ever."""
    _forget(EBSBackend, "delete_volume", lambda backend, volume_id: [volume_id])
    _forget(NetworkInterfaceBackend, "delete_network_interface", lambda backend, eni_id: [eni_id])
    _forget(
        KeyPairBackend,
        "delete_key_pair",
        lambda backend, name: [backend.key_pairs[name].id] if name in backend.key_pairs else [],
    )
    _forget(SecurityGroupBackend, "delete_security_group", _group_and_rules)


def _forget(backend_class, method: str, ids) -> None:
    original = getattr(backend_class, method)

    def delete(self, *args, **options):
        gone = ids(self, *args, **options)
        answer = original(self, *args, **options)
        for resource_id in gone:
            self.tags.pop(resource_id, None)
        return answer

    setattr(backend_class, method, delete)


def _group_and_rules(backend, name=None, group_id=None):
    group = backend.get_security_group_by_name_or_id(group_id or name)
    return (
        [group.id, *(rule.id for rule in (*group.ingress_rules, *group.egress_rules))]
        if group
        else []
    )
