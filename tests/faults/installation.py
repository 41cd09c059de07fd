"""A whole installation of its own: commands as processes, on a home folder and a database that a test may kill."""

import csv
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from perennia.config.postgres.cluster import SUPERUSER
from perennia.config.roles import DATABASE
from tests.config.machine import Machine, wait_for

_CATALOGUE = """kind,code,name,product,plan,add_on,currency,amount,interval,model
product,club,Club,,,,,,,
plan,basic,Basic,club,,,,,,
add_on,seat,Seat,club,,,,,,
price,basic-month,,,basic,,DKK,100.00,month,flat
price,seat-month,,,,seat,DKK,10.00,month,per_unit
"""
ENDED_WELL, REFUSED = 0, 1


@dataclass(frozen=True, slots=True)
class Installation:
    machine: Machine
    tenant: str = "club"

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return self.machine.start("-m", "perennia", *words)

    def ends(self, process: "subprocess.Popen[str]") -> tuple[int, str]:
        """Exit code and everything it said."""
        words, _ = process.communicate(timeout=180)
        return process.returncode, words

    def do(self, *words: str) -> str:
        """What a command says that must end well."""
        code, said = self.ends(self.start(*words))
        assert code == ENDED_WELL, said
        return said

    def do_all(self, *commands: list[str]) -> None:
        """Several commands that must end well, in one process: each needs a second to start."""
        self.machine.run(f"from perennia.cli import main\nfor words in {commands!r}: assert main(words) == 0, words")

    def open_business(
        self,
        *,
        clock: date | None,
        subscribers: int,
        started_on: date,
        billed_through: date | None = None,
        card: str = "ok",
    ) -> None:
        """A sandbox at a day, or live books where that is None, with 25 % VAT and so many subscribers to plan and seats.

        By the commands that an owner would use.
        """
        files = self._write_files(subscribers, started_on=started_on, billed_through=billed_through, card=card)
        place = ["--country", "DK", "--currency", "DKK", "--zone", "Europe/Copenhagen"]
        more = [] if clock is None else ["--clock", clock.isoformat()]
        rate = ["--country", "DK", "--percent", "25", "--from", "1992-01-01", "--source", "momsloven § 33"]
        self.do_all(
            ["tenant", "create", self.tenant, "--name", "Klubben ApS", *place, *more],
            ["tenant", "tax", self.tenant, *rate],
            ["import", "--tenant", self.tenant, *files],
        )

    def _write_files(self, number: int, *, started_on: date, billed_through: date | None, card: str) -> list[str]:
        folder = self.machine.root
        (folder / "catalogue.csv").write_text(_CATALOGUE)
        with (folder / "customers.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("external_id", "name", "email", "payment_gateway", "payment_token"))
            rows.writerows((f"c{n}", f"Bo {n}", f"bo{n}@example.com", "sandbox", f"{card}#{n}") for n in range(number))
        with (folder / "subscriptions.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("external_id", "customer", "plan", "add_ons", "started_on", "billed_through"))
            rows.writerows(
                (f"s{n}", f"c{n}", "basic-month", "seat-month:2", started_on, billed_through) for n in range(number)
            )
        return [f"--{name}={folder / name}.csv" for name in ("catalogue", "customers", "subscriptions")]

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that sees all and holds locks as long as the test wants; the server has to be up."""
        keeper = json.loads((self.machine.home / "keeper.json").read_text())
        passwords = json.loads((self.machine.cluster / "passwords.json").read_text())
        address = {"host": keeper["host"], "port": keeper["port"], "dbname": DATABASE}
        connection = psycopg.connect(user=SUPERUSER, password=passwords[SUPERUSER], **address)
        try:
            yield connection
        finally:
            connection.close()

    def postmaster(self) -> int:
        return int((self.machine.data / "postmaster.pid").read_text().splitlines()[0])

    def wrong(self) -> list[str]:
        """What `perennia verify` finds."""
        code, said = self.ends(self.start("verify", "--tenant", self.tenant, "--json"))
        checks = json.loads(said)["checks"]
        found = [f"{check['name']}: {check['examples']}" for check in checks if check["failed"]]
        assert code == (REFUSED if found else ENDED_WELL) and sum(check["checked"] for check in checks) > 0
        return found


def asked(connection: psycopg.Connection[Any], question: str) -> Any:
    """The one value that answers a question, in a transaction of its own."""
    found = connection.execute(question).fetchone()
    connection.rollback()
    assert found is not None
    return found[0]


def wait_until(connection: psycopg.Connection[Any], question: str, *, within_s: float = 120) -> None:
    """Until the question is answered with yes."""
    wait_for(lambda: asked(connection, question), within_s=within_s)


def killed(process: "subprocess.Popen[str]") -> None:
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
