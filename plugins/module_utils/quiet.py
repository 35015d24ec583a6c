# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module whose arguments hold secrets within lists and mappings.

Ansible writes a module's arguments into the journal of the host, and leaves out those that are marked as secret as a
whole. One inside another is looked for as it was given in what Python shows of it, where ends of lines are written as
two characters: a secret of several lines, such as a file of passwords or a private key, is not found.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


class QuietModule(AnsibleModule):  # type: ignore[misc]  # ansible-core carries no type information
    """Says in the journal that it ran, and not with what."""

    def _log_invocation(self) -> None:
        self.log("Invoked with arguments that are not shown")
