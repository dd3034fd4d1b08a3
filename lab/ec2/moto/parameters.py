"""What a call is given and nothing reads is refused: a test that relies on it would prove
nothing."""

from moto.ec2.responses import EC2Response

IGNORED = {
    "ClientToken": "it matters only where a call is sent twice: see client_tokens.py",
    "DryRun": "every call here is meant",
    "MaxResults": "no list here is longer than a page",
    "MaxCount": "machines are asked for one at a time, so it is MinCount, which is read",
}
"""Parameters that may stay unread, and why."""


class Noted(dict):
    """Knows which of its keys were asked for."""

    def __init__(self, given):
        super().__init__(given)
        self.unread = set(given)

    def __getitem__(self, key):
        self.unread.discard(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.unread.discard(key)
        return super().get(key, default)

    def _all(self):
        self.unread.clear()

    def items(self):
        self._all()
        return super().items()

    def values(self):
        self._all()
        return super().values()

    def copy(self):
        self._all()
        return super().copy()


def install() -> None:
    """EC2 does what it is asked or refuses; moto passes over what it does not know. It is seen
    only after the call, so its effect stays: the answer is for whoever wrote the call."""
    original = EC2Response.call_action

    def call_action(self):
        given = getattr(self, "params", None)
        if not isinstance(given, dict) or isinstance(given, Noted):
            return original(self)
        self.params = noted = Noted(given)
        answer = original(self)
        unread = sorted(noted.unread - IGNORED.keys())
        if unread and answer[0] < 400:
            raise NotImplementedError(f"Nothing reads {', '.join(unread)}.")
        return answer

    EC2Response.call_action = call_action
