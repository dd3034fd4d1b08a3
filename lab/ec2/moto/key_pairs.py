"""Key pairs, which may be named by their ids."""

from errors import refuse
from moto.ec2.responses.key_pairs import KeyPairs


def install() -> None:
    _delete_by_id()
    _describe_by_id()


def _delete_by_id() -> None:
    """EC2 deletes by id as well; moto knows names alone, answers 200 to an id, and keeps the key
    (issue 4)."""
    original = KeyPairs.delete_key_pair

    def delete_key_pair(self):
        if not self._get_param("KeyName"):
            key_id = self._get_param("KeyPairId")
            if not key_id:
                refuse(
                    "MissingParameter",
                    "The request must contain the parameter KeyName or KeyPairId",
                )
            self.params["KeyName"] = _by_ids(self.ec2_backend, [key_id])[0].key_name
        return original(self)

    KeyPairs.delete_key_pair = delete_key_pair


def _describe_by_id() -> None:
    """EC2 lists only the ids asked for, and refuses one it does not know; moto lists all."""
    original = KeyPairs.describe_key_pairs

    def describe_key_pairs(self):
        ids = self._get_param("KeyPairIds", [])
        wanted = _by_ids(self.ec2_backend, ids)
        answer = original(self)
        if ids:
            answer.result["KeyPairs"] = [key for key in answer.result["KeyPairs"] if key in wanted]
        return answer

    KeyPairs.describe_key_pairs = describe_key_pairs


def _by_ids(backend, ids):
    known = {key.id: key for key in backend.key_pairs.values()}
    for key_id in ids:
        if key_id not in known:
            refuse("InvalidKeyPair.NotFound", f"The key pair ID '{key_id}' does not exist")
    return [known[key_id] for key_id in ids]
