"""Faults of EC2 calls: the next ones of an action fail before they do anything, or take effect and
never answer."""

import itertools
import logging
import socket
import threading

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

log = logging.getLogger("ec2")
_lock = threading.Lock()
_ids = itertools.count(1)
_faults: dict[int, dict] = {}

_ANSWERS = {
    "RequestLimitExceeded": (503, "Request limit exceeded."),
    "Unavailable": (503, "The server is overloaded and can't handle the request."),
    "InternalError": (500, "An internal error has occurred"),
    "InsufficientInstanceCapacity": (
        500,
        "We currently do not have sufficient {type} capacity in the Availability Zone you "
        "requested ({zone}). "
        "Our system will be working on provisioning additional capacity.",
    ),
}
"""HTTP status and words of EC2's own; any other code is answered with 400."""


def add(fault: dict) -> dict:
    """Takes {action, when: before|after, code (with before), times, zone or None}. Answers
    {"id": N}."""
    with _lock:
        number = next(_ids)
        _faults[number] = {**fault, "id": number, "left": fault["times"]}
    return {"id": number}


def remove(number: int) -> dict:
    """Forgets one, used up or not."""
    with _lock:
        return {"removed": _faults.pop(number, None) is not None}


def listed() -> list[dict]:
    """All that were added and not removed; `left` tells how many calls each will still hit."""
    with _lock:
        return [dict(fault) for fault in _faults.values()]


def install() -> None:
    """Stands between a call that was read and its being carried out; calls.py has it run one call
    at a time."""
    original = EC2Response.call_action

    def call_action(self):
        zones = _zones(self) if _faults else set()
        fault = _take(self._get_action(), zones)
        if fault is None:
            return original(self)
        if fault["when"] == "before":
            status, words = _ANSWERS.get(fault["code"], (400, "Made to fail by a fault of the lab"))
            message = words.format(
                type=self._get_param("InstanceType"), zone=", ".join(sorted(zones))
            )
            _, headers, body = self.serialized(ActionResult(EC2ClientError(fault["code"], message)))
            return status, headers, body
        answer = original(self)
        log.info("%s: connection cut before the answer (fault)", self._get_action())
        self.normalized_request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    EC2Response.call_action = call_action


def _take(action: str, zones: set[str]) -> dict | None:
    with _lock:
        for fault in _faults.values():
            if (
                fault["left"] > 0
                and fault["action"] == action
                and fault.get("zone") in {None, *zones}
            ):
                fault["left"] -= 1
                return fault
    return None


def _zones(response) -> set[str]:
    """Availability zones a call is for: named by itself, or those of the subnets and interfaces it
    names."""
    backend = response.ec2_backend
    places = [
        response._get_param("Placement", {}),
        *response._get_param("NetworkInterfaces", []),
        response.params,
    ]
    zones = {
        place["AvailabilityZone"]
        for place in places
        if isinstance(place.get("AvailabilityZone"), str)
    }
    subnets = {place["SubnetId"] for place in places if isinstance(place.get("SubnetId"), str)}
    for place in places:
        interface = backend.enis.get(place.get("NetworkInterfaceId"))
        if interface is not None:
            subnets.add(interface.subnet.id)
    return zones | {zone for zone, inside in backend.subnets.items() if subnets & set(inside)}
