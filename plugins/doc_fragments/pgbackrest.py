# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches pgBackRest."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to pgBackRest."""

    DOCUMENTATION = r"""
notes:
  - Runs on a member of PostgreSQL. What the role C(backup) left there says the rest, so nothing has to be given.
options:
  stanza:
    description: Name of the cluster in the repository. Left out, the only one in O(config_file).
    type: str
  container:
    description: Container on this host in which pgBackRest is run.
    type: str
    default: patroni
  config_file:
    description: pgBackRest's configuration on this host. Keys and passphrases in it are not read.
    type: path
    default: /etc/erpops/pgbackrest/pgbackrest.conf
"""
