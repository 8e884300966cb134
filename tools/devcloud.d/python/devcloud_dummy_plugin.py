"""A resource without a backend: 'virtual:dummy', of which one reservation may have up to 10.

Blazar 18.0.0's own dummy.vm.plugin returns None where the manager iterates, so that every POST is a 500.
"""
from blazar.manager import exceptions as manager_exceptions
from blazar.plugins import dummy_vm_plugin


class DummyPlugin(dummy_vm_plugin.DummyVMPlugin):
    resource_type = "virtual:dummy"

    def allocation_candidates(self, values):
        if int(values.get("amount", 1)) > 10:
            raise manager_exceptions.NotEnoughHostsAvailable()
        return []

    def list_allocations(self, query, detail=False):
        return []

    def query_allocations(self, resource_id_list, lease_id=None, reservation_id=None):
        return {}

    def reserve_resource(self, reservation_id, values):
        return values.get("resource_id", reservation_id)
