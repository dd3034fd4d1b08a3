"""Tags: they hang on what exists, and go with it."""

from errors import refuse
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
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
        kinds = _kinds(self)
        for resource_id in resource_ids:
            prefix = resource_id.split("-")[0]
            if prefix in kinds and resource_id not in kinds[prefix][0]:
                _, code, what = kinds[prefix]
                refuse(code, f"The {what} '{resource_id}' does not exist")
        return original(self, resource_ids)

    EC2Backend.do_resources_exist = check


def _kinds(backend) -> dict[str, tuple[set[str], str, str]]:
    """By prefix: the ids there are, and EC2's code and word for one there is not."""
    keys = {key.id for key in backend.key_pairs.values()}
    addresses = {address.allocation_id for address in backend.addresses}
    instances = {instance.id for instance in backend.all_instances()}
    rules = {
        rule_id
        for groups in backend.groups.values()
        for group in groups.values()
        for rule_id in _rules_of(group)
    }
    return {
        "acl": (set(backend.network_acls), "InvalidNetworkAclID.NotFound", "networkAcl ID"),
        "eipalloc": (addresses, "InvalidAllocationID.NotFound", "allocation ID"),
        "eni": (
            set(backend.enis),
            "InvalidNetworkInterfaceID.NotFound",
            "network interface ID",
        ),
        "i": (instances, "InvalidInstanceID.NotFound", "instance ID"),
        "key": (keys, "InvalidKeyPair.NotFound", "key pair ID"),
        "sgr": (rules, "InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
    }


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
    _forget(ElasticAddressBackend, "release_address", _address)
    for direction in ("ingress", "egress"):
        _forget_revoked(f"revoke_security_group_{direction}")


def _forget(backend_class, method: str, ids) -> None:
    original = getattr(backend_class, method)

    def delete(self, *args, **options):
        gone = ids(self, *args, **options)
        answer = original(self, *args, **options)
        for resource_id in gone:
            self.tags.pop(resource_id, None)
        return answer

    setattr(backend_class, method, delete)


def _forget_revoked(method: str) -> None:
    """A rule may be named by what it says, so that its id shows only by its absence afterwards."""
    original = getattr(SecurityGroupBackend, method)

    def revoke(self, group_name_or_id, *args, **options):
        before = _group_and_rules(self, group_name_or_id)
        answer = original(self, group_name_or_id, *args, **options)
        for gone in set(before) - set(_group_and_rules(self, group_name_or_id)):
            self.tags.pop(gone, None)
        return answer

    setattr(SecurityGroupBackend, method, revoke)


def _address(backend, address=None, allocation_id=None):
    return [
        one.allocation_id
        for one in backend.addresses
        if address == one.public_ip or allocation_id == one.allocation_id
    ]


def _group_and_rules(backend, name=None, group_id=None):
    group = backend.get_security_group_by_name_or_id(group_id or name)
    return [group.id, *_rules_of(group)] if group else []


def _rules_of(group) -> list[str]:
    return [rule.id for rule in (*group.ingress_rules, *group.egress_rules)]
