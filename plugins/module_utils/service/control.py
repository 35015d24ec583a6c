# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops, starts and restarts services of this host as they are: through the gate down, to health up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.policy.standing_order import starting, stopping
from ansible_collections.erpops.estate.plugins.module_utils.service.gate import ask, leads, pass_gate
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import Service, gate


@dataclass
class Control:
    """One act on some services; ``actions`` is what was done, or with ``dry`` would be.

    ``gate_timeout`` and ``health_timeout`` are seconds for each service.
    """

    services: Sequence[Service]
    gate_timeout: float
    health_timeout: float
    dry: bool = False
    actions: list[str] = field(default_factory=list)

    def ask(self, seconds: float) -> None:
        """Refuse before anything is touched, leaderships included, where a member that follows may not leave."""
        for service in self._running():
            member = service.member()
            if member is not None and not leads(member):
                ask(service.name, member, seconds)

    def stop(self) -> list[str]:
        """Stop those that run, each after its gate, and return their names; on a refusal start what was stopped."""
        stopped: list[str] = []
        self.ask(self.gate_timeout)
        try:
            for service in self._running():
                self._stop(service)
                stopped.append(service.name)
        except ClientError:
            self._start_again(stopped)
            raise
        return stopped

    def start(self, names: Sequence[str] | None = None) -> list[str]:
        """Start what does not run (or, of it, the named ones), wait for the health of each; return their names."""
        started = []
        for service in self._ordered(starting):
            wanted = names is None or service.name in names
            if wanted and not service.runtime().observe(service.name).running:
                self._start(service)
                started.append(service.name)
        return started

    def restart(self) -> list[str]:
        """Restart each after its gate, and wait for its health before the next is touched; return their names.

        Whoever dies over it leaves nothing stopped: that it comes back is the engine's part of the same request.
        """
        for service in self._ordered(stopping):
            if service.runtime().observe(service.name).running:
                self._restart(service)
            else:
                self._start(service)
        return [service.name for service in self.services]

    def _running(self) -> list[Service]:
        """Return those that run, in the order in which they go down."""
        return [service for service in self._ordered(stopping) if service.runtime().observe(service.name).running]

    def _stop(self, service: Service) -> None:
        self._pass_gate(service)
        if not self.dry:
            service.runtime().stop(service.name)
        self.actions.append(f"stopped {service.name}")

    def _restart(self, service: Service) -> None:
        self._pass_gate(service)
        if not self.dry:
            service.runtime().restart(service.name)
        self.actions.append(f"restarted {service.name}")
        self._wait_until_well(service)

    def _start(self, service: Service) -> None:
        self.actions.append(f"started {service.name}")
        if not self.dry:
            service.runtime().start(service.name)
        self._wait_until_well(service)

    def _pass_gate(self, service: Service) -> None:
        member = service.member()
        if not self.dry:
            self.actions += pass_gate(service.name, member, self.gate_timeout)
        elif leads(member):
            self.actions.append(f"handed over what {service.name} leads")

    def _wait_until_well(self, service: Service) -> None:
        if self.dry:
            return
        verdict = gate(service, "after", self.health_timeout)
        if not verdict.ok:
            raise TimedOut(
                f"health of {service.name}",
                expected=f"healthy within {self.health_timeout:.0f} s of its start",
                found="; ".join(verdict.reasons),
                remedy=f"see its log on this host (docker logs {service.name}, or journalctl for a unit)",
            )

    def _start_again(self, names: Sequence[str]) -> None:
        """Put back what was taken out; what does not come back is said beside the refusal."""
        try:
            self.start(names)
        except ClientError as error:
            self.actions.append(f"not everything came back: {error}")

    def _ordered(self, order: Callable[[Iterable[tuple[str, str]]], list[str]]) -> list[Service]:
        by_name = {service.name: service for service in self.services}
        return [by_name[name] for name in order((service.name, service.kind) for service in self.services)]
