"""What moto's handlers read of a request, taken from their source: a handler asks for each
parameter by its name."""

import ast
import functools
import inspect
import sys

from moto.core.utils import camelcase_to_underscores
from moto.ec2.responses import EC2Response

_ASKING = {"_get_param", "_get_int_param", "_get_bool_param"}


def handles(action: str) -> bool:
    """Whether moto does this action at all."""
    return camelcase_to_underscores(action) in _methods()


def reads(action: str) -> frozenset[str]:
    """Names of parameters that moto's handler of an action asks for, itself or through other
    methods: "VolumeId", or "Placement.HostId" for one member of a structure. Names that it makes
    up while it runs are not among them."""
    return _reads(camelcase_to_underscores(action), frozenset())


def _reads(method: str, callers: frozenset[str]) -> frozenset[str]:
    if method in callers or method not in _methods():
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(_methods()[method]):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in _ASKING:
            names |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "self":
            names |= _reads(node.attr, callers | {method})
    return frozenset(names)


@functools.cache
def _methods() -> dict[str, ast.FunctionDef]:
    """The methods of moto's EC2 by name, those that win first. The files are read, so the mends do
    not show."""
    found: dict[str, ast.FunctionDef] = {}
    for part in EC2Response.__mro__:
        if not part.__module__.startswith("moto.ec2."):
            continue
        for node in ast.parse(inspect.getsource(sys.modules[part.__module__])).body:
            if isinstance(node, ast.ClassDef) and node.name == part.__name__:
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        found.setdefault(method.name, method)
    return found
