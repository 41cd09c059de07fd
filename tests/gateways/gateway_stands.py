"""Providers to test against. A stand for each adapter: the contract in test_gateway_contract.py runs on all of them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from perennia.gateways.port import ChargeRequest, Gateway, RefundRequest
from perennia.gateways.sandbox import SandboxGateway

numbers = count(1)


def a_charge(method: str, *, amount_minor: int = 19_900, reference: str | None = None) -> ChargeRequest:
    """A charge nobody made before."""
    number = next(numbers)
    return ChargeRequest(
        key=f"att_{number}",
        amount_minor=amount_minor,
        currency="DKK",
        method=method,
        reference=reference or f"INV-{number}",
    )


def a_refund(charge: str, *, amount_minor: int = 5_000) -> RefundRequest:
    """A refund nobody made before."""
    number = next(numbers)
    return RefundRequest(
        key=f"ref_{number}", amount_minor=amount_minor, currency="DKK", charge=charge, reference=f"REF-{number}"
    )


class Stand(Protocol):
    """A provider that can be told how to behave."""

    def open(self, *, timeout_s: float = 10.0, max_in_flight: int = 50) -> Gateway:
        """An adapter connected to the provider."""
        ...

    def unreachable(self) -> Gateway:
        """An adapter whose provider is not there."""
        ...

    def method(self, wish: str) -> str:
        """A new token for a method that is `paid`, `soft`, `hard`, `fraud`, `authentication`, or for which the answer is
        `lost_before`, `lost_after`, `late_before` (at least 1 s) or `late_after` the effect.
        """
        ...

    def effects(self, reference: str) -> int:
        """How many charges with this reference took effect, by the provider's own books."""
        ...

    def method_refunded(self, wish: str) -> str:
        """A new token for a method that is paid, and whose refunds are as the wish says."""
        ...

    def refunds(self, reference: str) -> int:
        """How many refunds with this reference took effect, by the provider's own books."""
        ...

    def stop(self) -> None: ...


class SandboxStand:
    """The built-in test gateway, run as the process it is."""

    tokens = {
        "paid": "ok",
        "lost_before": "drop-before",
        "lost_after": "drop-after",
        "late_before": "hang-before",
        "late_after": "slow-after-1s",
    }

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.ready_file = folder / "ready"
        self.port = 0
        self.start()

    def start(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "perennia.gateways.sandbox", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--state", str(self.state), "--ready-file", str(self.ready_file)])
        give_up_at = time.monotonic() + 20
        while not self.ready_file.exists():
            assert self.process.poll() is None and time.monotonic() < give_up_at, "the test gateway did not start"
            time.sleep(0.01)
        self.url = self.ready_file.read_text().strip()
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def open(self, *, timeout_s: float = 10.0, max_in_flight: int = 50) -> SandboxGateway:
        return SandboxGateway(self.url, timeout_s=timeout_s, max_in_flight=max_in_flight)

    def unreachable(self) -> SandboxGateway:
        return SandboxGateway("http://127.0.0.1:1", timeout_s=2.0)

    def method(self, wish: str) -> str:
        return f"{self.tokens.get(wish, wish)}#{next(numbers)}"

    def effects(self, reference: str) -> int:
        _, summary = self.ask("GET", f"/v1/charges?reference={quote(reference)}")
        succeeded: int = summary["succeeded"]
        return succeeded

    def method_refunded(self, wish: str) -> str:
        return f"ok~{self.tokens.get(wish, wish)}#{next(numbers)}"

    def refunds(self, reference: str) -> int:
        _, summary = self.ask("GET", f"/v1/refunds?reference={quote(reference)}")
        succeeded: int = summary["succeeded"]
        return succeeded

    def ask(self, verb: str, path: str, body: object = None) -> tuple[int, Any]:
        """Speak to the test gateway as a stranger would: status and JSON."""
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.url + path, data, method=verb), timeout=10
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


STANDS: list[type[SandboxStand]] = [SandboxStand]
