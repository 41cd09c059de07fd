"""`perennia bill`: bill what is due, now."""

import argparse
import json
import subprocess
import sys

from perennia.cli import Failed, WrongUse
from perennia.cli.common import Progress, find_tenant
from perennia.config import clock, wiring


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="whose subscribers")
    parser.add_argument("--workers", type=int, metavar="N", help="processes side by side (default 1)")
    parser.add_argument("--payer", metavar="cus_…", help="bill this one all it owes, also if it was set aside")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """1 when a payer had to be set aside."""
    if args.payer and args.workers is not None:
        raise WrongUse("--workers has no meaning with --payer, which bills one; leave it out")
    if args.workers is not None and args.workers < 1:
        raise WrongUse("at least one worker")
    with wiring.database():
        return _bill_payer(args) if args.payer else _bill(args)


def _bill(args: argparse.Namespace) -> int:
    from perennia.jobs.billing import run_until_done

    tenant = find_tenant(args.tenant)
    now = tenant.clock or clock.now()
    helpers = [_helper(args.tenant) for _ in range((args.workers or 1) - 1)]
    progress = Progress()
    billed = run_until_done(
        tenant=tenant.id,
        as_of=now,
        now=now,
        progress=lambda so_far: progress.show(lambda: f"{so_far.documents:,} documents, {so_far.payers:,} payers"),
    )
    progress.done()
    counts = [billed.payers, billed.documents, billed.lines, billed.set_aside]
    for helper in helpers:
        counts = [a + b for a, b in zip(counts, _counts_of(helper), strict=True)]
    result = dict(zip(("payers", "documents", "lines", "set_aside"), counts, strict=True))
    print(json.dumps(result) if args.json else _sentence(result))
    return 1 if result["set_aside"] else 0


def _helper(tenant: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "perennia", "bill", "--tenant", tenant, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _counts_of(helper: subprocess.Popen[str]) -> list[int]:
    """What a helper did. Raises Failed for one that did not come to its end."""
    output, words = helper.communicate()
    if not output:
        how = f"a worker ended with code {helper.returncode}; what was done is kept, run it again."
        raise Failed(words.strip().removeprefix("perennia: ") or how)
    return list(json.loads(output).values())


def _sentence(result: dict[str, int]) -> str:
    text = f"{result['documents']:,} documents with {result['lines']:,} lines for {result['payers']:,} payers"
    if result["set_aside"]:
        text += f"; {result['set_aside']:,} payers set aside, see `perennia doctor`"
    return text


def _bill_payer(args: argparse.Namespace) -> int:
    from perennia.domain.ids import Id
    from perennia.operations.billing import bill_payer

    tenant = find_tenant(args.tenant)
    payer_id = Id.parse(args.payer, prefix="cus")
    documents = bill_payer(tenant=tenant.id, payer_id=payer_id, now=clock.now(), actor="cli")
    print(json.dumps({"documents": documents}) if args.json else f"{documents} documents")
    return 0
