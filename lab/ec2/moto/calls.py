"""Every EC2 call passes here: one at a time, answered in EC2's form whatever happens, and written
to the log."""

import logging
import re
import threading
import time

import changes
from botocore.model import OperationNotFoundError
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

log = logging.getLogger("ec2")
_one_at_a_time = threading.RLock()
_READING = re.compile("Describe|Get|Search|List")
_MADE = {
    "RunInstances": "instanceId",
    "CreateVolume": "volumeId",
    "CreateNetworkInterface": "networkInterfaceId",
    "CreateSecurityGroup": "groupId",
    "ImportKeyPair": "keyPairId",
    "AllocateAddress": "allocationId",
    "AssociateAddress": "associationId",
}
_ERROR = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)<")
_TOO_LONG_OR_SECRET = {
    "UserData",
    "PublicKeyMaterial",
    "ClientToken",
    "TagSpecifications",
    "DryRun",
    "MetadataOptions",
    "Tags",
}


def install() -> None:
    """moto's records are not safe for calls at the same time, and calls it does not know end as an
    HTML page with 500."""
    original = EC2Response._dispatch

    def dispatch(self, request, full_url=None, headers=None):
        started = time.monotonic()
        with _one_at_a_time:
            answer = _in_ec2_form(self, lambda: original(self, request, full_url, headers))
        action = self._get_action() or "(no action)"
        if not _READING.match(action):
            changes.note()
        if "etcd-lab-reconciler" not in request.headers.get(
            "User-Agent", ""
        ):  # its polling would bury everything else
            _write(action, getattr(self, "params", {}), answer, time.monotonic() - started)
        return answer

    EC2Response._dispatch = dispatch


def _in_ec2_form(response, call):
    try:
        return call()
    except EC2ClientError as refusal:
        error = refusal
    except OperationNotFoundError:
        error = EC2ClientError(
            "InvalidAction",
            f"The action {response._get_action()} is not valid for this web service.",
        )
    except NotImplementedError as unknown:
        # moto's own words name the filter or parameter it lacks; its invitation to report that is
        # left out
        lacks = str(unknown).split(" Feel free")[0]
        error = EC2ClientError(
            "UnsupportedOperation",
            f"{response._get_action()}: the lab's EC2 emulator does not do this. {lacks}",
        )
    except Exception as failure:
        log.exception("%s failed inside the emulator", response._get_action())
        error = EC2ClientError(
            "InternalError", f"{response._get_action()}: the lab's EC2 emulator failed: {failure!r}"
        )
    return response.serialized(ActionResult(error))


def _write(action: str, parameters, answer, seconds: float) -> None:
    status, _, body = answer
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    said = " ".join(
        f"{key}={_short(value)}"
        for key, value in sorted(dict(parameters).items())
        if key not in _TOO_LONG_OR_SECRET
    )
    result = ""
    if error := _ERROR.search(text):
        result = f" {error[1]}: {error[2]}"
    elif action in _MADE:
        result = " " + ",".join(re.findall(f"<{_MADE[action]}>([^<]+)<", text))
    log.info("%s %s -> %s%s (%d ms)", action, said, status, result, seconds * 1000)


def _short(value) -> str:
    text = (
        ",".join(map(str, value))
        if isinstance(value, list) and all(isinstance(item, str) for item in value)
        else str(value)
    )
    return text if len(text) <= 120 else text[:117] + "..."
