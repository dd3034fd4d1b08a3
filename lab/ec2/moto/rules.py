"""Rules of security groups: only those that EC2 takes, and changed as a whole."""

from errors import refuse
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses.security_groups import SecurityGroups

NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
PROTOCOLS = {*NAMES.values(), "-1"}
SOURCES = ("ip_ranges", "source_groups", "prefix_list_ids")


def install() -> None:
    _impossible_ones_are_refused()
    _change_as_a_whole()


def _impossible_ones_are_refused() -> None:
    """EC2 refuses an unknown protocol and impossible ports, and then takes none of the request's
    rules; moto takes them, and no firewall can be made of them."""
    original = SecurityGroups._process_rules_from_querystring

    def read(self):
        rules = list(original(self))
        for rule in rules:
            if rule["security_rule_ids"]:
                continue  # rules that are there, by their ids
            ports = _checked(rule["ip_protocol"], rule["from_port"], rule["to_port"])
            rule["from_port"], rule["to_port"] = ports
            if not any(rule[source] for source in SOURCES):
                refuse("MissingParameter", "Source group ID missing.")
        return rules

    SecurityGroups._process_rules_from_querystring = read


def _change_as_a_whole() -> None:
    """ModifySecurityGroupRules changes each part of a rule; moto its ports and IPv4 network alone,
    and takes impossible ones."""
    original = SecurityGroupBackend.modify_security_group_rules

    def modify_security_group_rules(self, group_id, rules):
        for wanted in rules.values():
            wanted["FromPort"], wanted["ToPort"] = _checked(
                wanted.get("IpProtocol"), wanted.get("FromPort"), wanted.get("ToPort")
            )
            source = wanted.get("ReferencedGroupId")
            if source and not self.get_security_group_from_id(source):
                refuse("InvalidGroup.NotFound", f"The security group '{source}' does not exist")
        original(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, wanted in rules.items():
            rule = group.get_rule(rule_id)
            rule.ip_protocol = NAMES.get(rule.ip_protocol, rule.ip_protocol)
            if rule.ip_protocol == "-1":
                rule.from_port = rule.to_port = None
            if "CidrIpv6" in wanted:
                rule.ip_range["CidrIpv6"] = wanted["CidrIpv6"]
            if "PrefixListId" in wanted:
                rule.prefix_list_id = wanted["PrefixListId"]
            if "ReferencedGroupId" in wanted:
                rule.source_group = {
                    **rule.source_group,
                    "GroupId": wanted["ReferencedGroupId"],
                }

    SecurityGroupBackend.modify_security_group_rules = modify_security_group_rules


def _checked(protocol, first, last) -> tuple[int, int]:
    """The ports of a possible rule, or type and code with ICMP; -1 is any."""
    protocol = str(protocol)
    if protocol not in PROTOCOLS and not (protocol.isdigit() and int(protocol) <= 255):
        refuse("InvalidPermission.Malformed", f'Unsupported IP protocol "{protocol}"')
    name = NAMES.get(protocol, protocol)
    if name in ("tcp", "udp"):
        _check_ports(first, last)
    elif name in ("icmp", "icmpv6"):
        _check_type_and_code(first, last)
    else:
        return -1, -1
    return int(first), int(last)


def _check_ports(first, last) -> None:
    if first is None or last is None:
        refuse(
            "InvalidParameterValue",
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        )
    for port in (first, last):
        if not 0 <= int(port) <= 65535:
            refuse("InvalidParameterValue", f"Invalid value '{port}' for port: 0 to 65535.")
    if int(first) > int(last):
        refuse("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last}): reversed.")


def _check_type_and_code(kind, code) -> None:
    if kind is None or code is None:
        refuse("InvalidParameterValue", "Invalid value: ICMP needs both a type and a code.")
    for what, number in (("type", kind), ("code", code)):
        if not -1 <= int(number) <= 255:
            refuse("InvalidParameterValue", f"ICMP {what} ({number}) is not one of -1 to 255.")
    if int(kind) == -1 and int(code) != -1:
        refuse("InvalidParameterValue", f"ICMP type -1 is all types: its code is -1 (got {code}).")
