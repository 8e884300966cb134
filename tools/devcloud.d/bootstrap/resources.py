"""Creates what can be reserved: flavors, networks, hosts with their properties, and floating IPs."""
from __future__ import annotations

from typing import Any

from connection import CLOUD, connect

FLAVORS = (("m1.tiny", 1, 512, 1), ("m1.small", 2, 2048, 20), ("m1.large", 8, 8192, 80))
# Properties for a lease's resource_properties, such as '["==", "$node_type", "compute_skylake"]'.
HOST_PROPERTIES = (
    {"node_type": "compute_skylake", "gpu": "no", "architecture": "x86_64", "rack": "r1"},
    {"node_type": "gpu_p100", "gpu": "yes", "architecture": "x86_64", "rack": "r1"},
    {"node_type": "compute_haswell", "gpu": "no", "architecture": "x86_64", "rack": "r2"},
)
# Blazar accepts only addresses outside of the allocation pool, which ends at .99.
FIRST_FLOATING_IP = 201

admin = connect("admin", "admin")


def create_network(name: str, prefix: str, last: int, **attributes: Any) -> Any:
    network = admin.network.create_network(name=name, provider_network_type="flat", **attributes)
    admin.network.create_subnet(
        network_id=network.id, name=f"{name}-subnet", ip_version=4, cidr=f"{prefix}.0/24", gateway_ip=f"{prefix}.1",
        enable_dhcp=False, allocation_pools=[{"start": f"{prefix}.10", "end": f"{prefix}.{last}"}],
    )
    return network


def register(path: str, **body: str) -> None:
    admin.session.post(f"{CLOUD['blazar_url']}/{path}", json=body)


for name, cores, memory, disk in FLAVORS:
    admin.compute.create_flavor(name=name, vcpus=cores, ram=memory, disk=disk, is_public=True)
public = create_network("public", "203.0.113", 99, is_router_external=True, provider_physical_network="public")
create_network("sharednet1", "10.20.0", 200, is_shared=True, provider_physical_network="physnet1")

# Blazar keeps free hosts in this aggregate, which must exist.
admin.compute.create_aggregate(name="freepool")
for host, properties in zip(CLOUD["hosts"], HOST_PROPERTIES, strict=True):
    register("os-hosts", name=host, **properties)
for offset in range(CLOUD["floating_ips"]):
    register("floatingips", floating_network_id=public.id, floating_ip_address=f"203.0.113.{FIRST_FLOATING_IP + offset}")
