# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong when a daemon is asked, as types that say what to do."""

from __future__ import annotations


class ClientError(Exception):
    """A daemon did not answer as it should.

    ``what`` names the object (service and address), ``expected`` and ``found`` say how it differs,
    ``remedy`` what to do. None of them may hold a secret.
    """

    def __init__(self, what: str, *, expected: str = "", found: str = "", remedy: str = "") -> None:
        self.what = what
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.found:
            parts.append(f"found {self.found}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)


class Unreachable(ClientError):
    """Nothing answers at the address."""


class NotTrusted(ClientError):
    """The certificate that was presented is not trusted, or ours is not."""


class NotAuthorised(ClientError):
    """The daemon answers and refuses these credentials."""


class Refused(ClientError):
    """The daemon answers and refuses the request, or answers with an error."""


class TimedOut(ClientError):
    """The daemon took longer than the bound; ``found`` is the last state seen."""


class MissingLibrary(ClientError):
    """A Python library that this client needs is not installed on the host."""


class MissingFile(ClientError):
    """A file that this client needs, such as a password or a certificate, cannot be read on the host."""
