"""ModifyInstanceAttribute: what needs a stopped instance."""

import base64

from errors import refuse
from moto.core.types import Base64EncodedString
from moto.ec2.responses.instances import InstanceResponse


def install() -> None:
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
