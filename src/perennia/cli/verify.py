"""`perennia verify`: derive every figure anew from the rows and compare."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from perennia.cli.common import Progress, find_tenant
from perennia.config import clock, wiring
from perennia.domain.ids import Id

if TYPE_CHECKING:
    from perennia.analytics.verification.findings import Finding
    from perennia.store.reads.sellers import Tenant


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="whose books")
    parser.add_argument("--customer", metavar="cus_…", help="only what concerns this customer's payer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """1 when something does not agree."""
    with wiring.database():
        tenant = find_tenant(args.tenant)
        findings = _verify(tenant, customer=args.customer, quiet=args.json)
    ok = not any(finding.failed for finding in findings)
    if args.json:
        print(json.dumps({"checks": [asdict(finding) for finding in findings], "ok": ok}, indent=2))
    else:
        print("\n".join(_lines(findings)))
    return 0 if ok else 1


def _verify(tenant: "Tenant", *, customer: str | None, quiet: bool) -> "list[Finding]":
    from perennia.analytics.verification import verify

    payer = None if customer is None else _payer(tenant, Id.parse(customer, prefix="cus"))
    progress = Progress(quiet=quiet)
    now = tenant.clock or clock.now()
    findings = verify(
        tenant=tenant, now=now, payer=payer, begun=lambda name: progress.show(lambda: name.replace("_", " "))
    )
    progress.done()
    return findings


def _payer(tenant: "Tenant", customer_id: Id) -> Id:
    """Who is billed for a customer. Raises NotFound."""
    from perennia.store.reads.customers import customer
    from perennia.store.session import snapshot

    with snapshot(tenant.id) as cursor:
        return customer(cursor, customer_id=customer_id).payer_id


def _lines(findings: "Sequence[Finding]") -> list[str]:
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        mark = "WRONG" if finding.failed else "ok"
        failed = f", {finding.failed:,} wrong" if finding.failed else ""
        lines.append(f"{mark:<6} {finding.name.replace('_', ' '):<{width}}  {finding.checked:>11,} checked{failed}")
        lines += [f"{'':<9}{example}" for example in finding.examples]
    wrong = sum(finding.failed > 0 for finding in findings)
    lines.append(
        f"{wrong} of {len(findings)} checks found something." if wrong else f"All {len(findings)} checks agree."
    )
    return lines
