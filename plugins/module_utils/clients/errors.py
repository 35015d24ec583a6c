# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong when a daemon is asked, as types that say what to do."""

from __future__ import annotations

import re


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

    @property
    def kind(self) -> str:
        """Return the type in the words of a module's result, such as not_trusted."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def as_result(self) -> dict[str, str]:
        """Return what a module fails with: the sentence, and the type for who has to tell failures apart."""
        return {"msg": str(self), "error": self.kind}

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


class NoQuorum(ClientError):
    """The daemon answers, and too few of its cluster do: nothing can be decided."""


class NoCandidate(Refused):
    """Nobody may take over; ``found`` says of each member why."""


class LagTooHigh(Refused):
    """A member follows, and is too far behind."""


class Conflict(Refused):
    """Somebody else holds it; ``found`` names owner, reason and expiry."""


class NotSigned(Refused):
    """A signature is missing, of somebody else, over something else, or by a key that does not count."""


class WriteForbidden(ClientError):
    """A write was attempted where none may happen, as in check mode: a defect of the caller."""


class MissingLibrary(ClientError):
    """A Python library that this client needs is not installed on the host."""


class MissingFile(ClientError):
    """A file that this client needs, such as a password or a certificate, cannot be read on the host."""
