"""The lab's VPC, in place of moto's own default one."""

from contextlib import contextmanager

from moto.ec2.models import EC2Backend, subnets, vpcs
from settings import LAB


def install() -> None:
    """Makes the lab's VPC the account's default VPC, with ids that never change.

    EC2 gives every account a default VPC at 172.31.0.0/16; the lab's machines can only live on the
    lab's own network, so the default is that one, and no other exists to launch into by mistake.
    Other regions keep moto's.
    """
    original = EC2Backend.create_default_vpc

    def create_default_vpc(self):
        if self.region_name != LAB["region"]:
            return original(self)
        with _next_id(vpcs, "random_vpc_id", LAB["vpc"]["id"]):
            vpc = self.create_vpc(LAB["vpc"]["cidr"], is_default=True)
        for wanted in LAB["vpc"]["subnets"]:
            with _next_id(subnets, "random_subnet_id", wanted["id"]):
                self.create_subnet(vpc.id, wanted["cidr"], availability_zone=wanted["zone"])
        return vpc

    EC2Backend.create_default_vpc = create_default_vpc


@contextmanager
def _next_id(module, generator: str, fixed: str):
    """Has moto's id generator answer `fixed` inside the block."""
    original = getattr(module, generator)
    setattr(module, generator, lambda: fixed)
    try:
        yield
    finally:
        setattr(module, generator, original)
