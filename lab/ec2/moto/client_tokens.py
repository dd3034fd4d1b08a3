"""Client tokens: a repeated request gets the first one's answer."""

from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.instances import InstanceResponse

_answers: dict[tuple, object] = {}


def install() -> None:
    """EC2 makes nothing twice for one ClientToken (SDKs repeat a request whose answer was lost);
    moto ignores it."""
    _answer_once(InstanceResponse, "run_instances")
    _answer_once(ElasticBlockStore, "create_volume")
    _answer_once(ElasticNetworkInterfaces, "create_network_interface")


def _answer_once(response_class, action: str) -> None:
    original = getattr(response_class, action)

    def call(self):
        token = self._get_param("ClientToken")
        if not token:
            return original(self)
        key = (self.current_account, self.region, action, token)
        if key not in _answers:
            _answers[key] = original(self)
        return _answers[key]

    call.__name__ = action
    setattr(response_class, action, call)
