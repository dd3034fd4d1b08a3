"""What is changed of an instance that is there."""

import base64

from errors import refuse
from moto.core.types import Base64EncodedString
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse


def install() -> None:
    _stopped_for_another_type()
    _options_that_are_not_named_stay()
    _groups_must_exist()
    _one_at_a_time()
    _no_reboot()


def _groups_must_exist() -> None:
    """EC2 refuses an unknown security group; moto puts none in its place."""
    original = InstanceBackend.modify_instance_security_groups

    def change(self, instance_id, group_ids):
        for group_id in group_ids:
            if not self.get_security_group_from_id(group_id):
                refuse("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        return original(self, instance_id, group_ids)

    InstanceBackend.modify_instance_security_groups = change


def _one_at_a_time() -> None:
    """EC2 changes one attribute a call; moto the first one it looks for, and takes all groups away
    where there is none."""
    original = InstanceResponse.modify_instance_attribute

    def modify_instance_attribute(self):
        given = self.params.keys() - {"InstanceId", "DryRun", "Value"}
        if not given:
            refuse("InvalidParameterCombination", "No attributes specified.")
        if len(given) > 1:
            refuse(
                "InvalidParameterCombination",
                f"Fields for multiple attribute types specified: {', '.join(sorted(given))}",
            )
        return original(self)

    InstanceResponse.modify_instance_attribute = modify_instance_attribute


def _options_that_are_not_named_stay() -> None:
    """EC2 keeps a metadata option that is not named; moto forgets it."""
    original = InstanceBackend.modify_instance_metadata_options
    names = {
        "http_tokens": "http_tokens",
        "hop_limit": "http_put_response_hop_limit",
        "http_endpoint": "http_endpoint",
        "http_protocol": "http_protocol_ipv6",
        "metadata_tags": "instance_metadata_tags",
    }

    def change(self, instance_id, **options):
        before = self.get_instance(instance_id).metadata_options
        for name, kept in names.items():
            if options.get(name) is None:
                options[name] = getattr(before, kept, None)
        return original(self, instance_id, **options)

    InstanceBackend.modify_instance_metadata_options = change


def _no_reboot() -> None:
    """moto answers 200 and does nothing; the lab's machines are rebooted from inside."""

    def reboot_instances(self):
        raise NotImplementedError("Reboot from inside: npm run ssh -- NODE sudo reboot.")

    InstanceResponse.reboot_instances = reboot_instances


def _stopped_for_another_type() -> None:
    """EC2 changes type and user data of a stopped instance only; moto at any time, and decodes the
    user data twice."""
    original = InstanceResponse._dot_value_instance_attribute_handler

    def handle(self):
        user_data = self._get_param("UserData.Value")
        if user_data is None and self._get_param("InstanceType.Value") is None:
            return original(self)
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if instance.state != "stopped":
            refuse(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        if user_data is None:
            return original(self)
        self.error_on_dryrun()
        raw = user_data if isinstance(user_data, bytes) else user_data.encode()
        instance.user_data = Base64EncodedString(base64.b64encode(raw).decode())
        return True

    InstanceResponse._dot_value_instance_attribute_handler = handle
