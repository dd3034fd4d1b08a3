"""Refusals, as EC2 words them."""

from typing import NoReturn

from moto.ec2.exceptions import EC2ClientError


def refuse(code: str, message: str) -> NoReturn:
    """Ends the call with HTTP 400 and EC2's XML error of this code."""
    raise EC2ClientError(code, message)
