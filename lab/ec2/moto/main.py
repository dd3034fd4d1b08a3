"""Starts moto (a record-keeping EC2) with the lab's VPC and images, mended where it differs from
the real EC2.

Everything it is told comes as JSON in ETCD_LAB_EC2; lab/ec2/moto.ts writes it.
"""

# ruff: noqa: E402  moto reads its environment while it is imported, so settings come first
import settings

settings.prepare_moto()

import addresses
import attributes
import block_devices
import calls
import client_tokens
import elastic_ips
import faults
import filters
import instances
import interfaces
import key_pairs
import launches
import parameters
import rules
import security_groups
import server
import tags
import volumes
import vpc

for mend in (
    vpc,
    addresses,
    interfaces,
    instances,
    launches,
    key_pairs,
    block_devices,
    volumes,
    attributes,
    security_groups,
    rules,
    filters,
    tags,
    client_tokens,
    elastic_ips,
    faults,
    parameters,
    calls,
):
    mend.install()

server.serve()
