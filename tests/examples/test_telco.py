"""The telephone company: what the replay says against what the list itself says, to the cent.

A sample of some three hundred subscribers here; `examples/telco/replay CSV --json` is the whole.
"""

import csv
import importlib.util
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT.parent / "shared/data/telco/Telco-Customer-Churn.csv"
EVERY = 24
FIVE = ("MultipleLines", "OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport")
TEN = ("StreamingTV", "StreamingMovies")

pytestmark = pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE.name} is not beside the checkout")


@pytest.fixture(scope="module")
def replay() -> ModuleType:
    path = ROOT / "examples/telco/replay.py"
    spec = importlib.util.spec_from_file_location("replay", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(path.parent))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every 24th row, and of the rare ones (new, phone only, left) some for certain."""
    with SOURCE.open(newline="") as file:
        rows = list(csv.reader(file))
    header, data = rows[0], rows[1:]
    new = [row for row in data if row[header.index("tenure")] == "0"][:3]
    path = tmp_path_factory.mktemp("telco") / "sample.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *new, *(row for row in data[::EVERY] if row not in new)])
    return path


def expected(path: Path) -> dict[str, Any]:
    """Straight from the list, without billing anything: a tenure of n is the last n months of the six years."""
    with path.open(newline="") as file:
        rows = [(int(r["tenure"]), int(Decimal(r["MonthlyCharges"]) * 100), r) for r in csv.DictReader(file)]
    months = []
    for index in range(72):
        there = [(cents, row) for tenure, cents, row in rows if tenure >= 72 - index]
        amount = sum(cents for cents, _ in there)
        months.append(
            {
                "month": f"{2014 + index // 12}-{index % 12 + 1:02}",
                "invoices": len(there),
                "revenue_minor": amount,
                "active": len(there),
                "mrr_minor": amount,
            }
        )
    return {
        "invoices": sum(tenure for tenure, _, _ in rows),
        "lines": sum(tenure * _items(row, cents) for tenure, cents, row in rows),
        "revenue_minor": sum(tenure * cents for tenure, cents, _ in rows),
        "months": months,
        "ends_due": sum(row["Churn"] == "Yes" for _, _, row in rows),
        "starts_due": sum(tenure == 0 for tenure, _, _ in rows),
    }


def _items(row: dict[str, str], cents: int) -> int:
    amounts = [2000] * (row["PhoneService"] == "Yes")
    amounts += {"No": [], "DSL": [2500], "Fiber optic": [5000]}[row["InternetService"]]
    amounts += [500 for column in FIVE if row[column] == "Yes"] + [1000 for column in TEN if row[column] == "Yes"]
    return len(amounts) + (sum(amounts) != cents)


@pytest.mark.slow
@pytest.mark.parametrize("collect", [False, True])
def test_a_sample_comes_out_to_the_cent(
    database: object, replay: ModuleType, sample: Path, tmp_path: Path, collect: bool
) -> None:
    found = replay.replay(sample, tmp_path, collect=collect)
    wanted = expected(sample)
    assert {name: found[name] for name in wanted} == wanted
    collected = wanted["revenue_minor"] if collect else 0
    assert (found["collected_minor"], found["open_minor"]) == (collected, wanted["revenue_minor"] - collected)
    assert found["verify_findings"] == 0
    assert found["seconds"] > 0 and found["peak_rss_mb"] > 0


def test_the_items_of_every_subscriber_come_to_the_monthly_charge(replay: ModuleType, tmp_path: Path) -> None:
    """The whole list, without a database: prices of the catalogue plus adjustment are MonthlyCharges exactly."""
    files = sys.modules["convert"].convert(SOURCE, tmp_path)
    with files.catalogue.open() as file:
        prices = {row["code"]: Decimal(row["amount"]) for row in csv.DictReader(file) if row["kind"] == "price"}
    with files.subscriptions.open() as file:
        made = {row["external_id"]: row for row in csv.DictReader(file)}
    with SOURCE.open() as file:
        for row in csv.DictReader(file):
            one = made[row["customerID"]]
            codes = [one["plan"], *filter(None, one["add_ons"].split("|"))]
            assert sum(prices[code] for code in codes) + Decimal(one["adjustment"]) == Decimal(row["MonthlyCharges"])
            cents = int(Decimal(row["MonthlyCharges"]) * 100)
            assert len(codes) + (Decimal(one["adjustment"]) != 0) == _items(row, cents)
    assert len(made) == 7043
