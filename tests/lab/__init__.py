"""Raises and removes the machines of the lab: hosts that boot systemd and are reached by SSH.

The lab is an inventory and some machines, nothing more. What runs on them is put there by the
collection's playbooks, exactly as on real VMs.
"""
