# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``odoo estate``: what the collection does inside Odoo, in one start of Odoo."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from pathlib import Path

from odoo.cli.command import Command
from odoo.tools import config


class Estate(Command):
    """Bring one database to what a request asks for, or make an API key.

    The request is a file of JSON and so is the result: passwords and keys stay out of arguments and logs.
    """

    def run(self, cmdargs: list[str]) -> None:
        """Read the request, do it, write the result."""
        parser = self.parser
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("verb", choices=["converge", "api-key"])
        parser.add_argument("-c", "--config", required=True, help="configuration file of the instance")
        parser.add_argument("--request", required=True, type=Path, help="file of JSON that says what is wanted")
        parser.add_argument("--result", required=True, type=Path, help="file that receives what was done")
        arguments = parser.parse_args(cmdargs)
        config.parse_config(["--no-http", "-c", arguments.config], setup_logging=True)

        # Importable only now: the configuration has named the directories of add-ons.
        from odoo.addons.erpops_estate import api_key, converge

        work = {"converge": converge.run, "api-key": api_key.run}[arguments.verb]
        request = json.loads(arguments.request.read_text(encoding="utf-8"))
        result = work(config["db_name"][0], request)
        arguments.result.write_text(json.dumps(result), encoding="utf-8")
