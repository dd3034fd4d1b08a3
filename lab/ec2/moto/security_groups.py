"""Security groups and their rules."""

from errors import refuse
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule


def install() -> None:
    _rules_keep_their_description()
    _own_account_goes_without_saying()
    _in_use_is_kept()


def _rules_keep_their_description() -> None:
    """EC2 keeps the description of a rule whose source is a group or prefix list; moto only that of
    an address range."""
    original = SecurityGroupRule.__init__

    def __init__(
        self,
        ec2_backend,
        ip_protocol,
        group_id,
        from_port,
        to_port,
        ip_range,
        source_group=None,
        prefix_list_id=None,
        *args,
        **options,
    ):
        original(
            self,
            ec2_backend,
            ip_protocol,
            group_id,
            from_port,
            to_port,
            ip_range,
            source_group,
            prefix_list_id,
            *args,
            **options,
        )
        self._source_description = (ip_range or source_group or prefix_list_id or {}).get(
            "Description"
        )

    SecurityGroupRule.__init__ = __init__
    SecurityGroupRule.description = property(
        lambda self: self.ip_range.get("Description") or self.__dict__.get("_source_description")
    )


def _own_account_goes_without_saying() -> None:
    """EC2 names the owner of a referenced group, and the AWS provider drops it again where it is
    its own account.

    The dev stack has the provider not ask for its account (there is no STS to trust), so the owner
    is left out here.
    """

    def referenced_group_info(self):
        return {
            key: value
            for key, value in self.source_group.items()
            if (key, value) != ("UserId", self.ec2_backend.account_id)
        } or None

    SecurityGroupRule.referenced_group_info = property(referenced_group_info)


def _in_use_is_kept() -> None:
    """EC2 does not delete a group that an interface has or that another group's rule names; moto
    does."""
    original = SecurityGroupBackend.delete_security_group

    def delete_security_group(self, name=None, group_id=None):
        group = self.get_security_group_by_name_or_id(group_id or name)
        if group:
            on_interface = any(group in interface._group_set for interface in self.enis.values())
            groups = (
                other
                for groups in self.groups.values()
                for other in groups.values()
                if other is not group
            )
            in_rule = any(
                rule.source_group.get("GroupId") == group.id
                for other in groups
                for rule in (*other.ingress_rules, *other.egress_rules)
            )
            if on_interface or in_rule:
                refuse("DependencyViolation", f"resource {group.id} has a dependent object")
        return original(self, name, group_id)

    SecurityGroupBackend.delete_security_group = delete_security_group
