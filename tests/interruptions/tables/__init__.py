"""The points by playbook, ten of each."""
