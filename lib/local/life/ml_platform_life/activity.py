"""Rows of customers whose values anybody can compute again, and what a training set and a look-up have to answer for them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd

CUSTOMERS = 200
FEATURES = ["orders_30d", "spent_30d", "country"]
#: As in stacks/features.
TTL = pd.Timedelta(days=90)
_COUNTRIES = np.array(["DE", "FR", "PL", "PT"])


def now() -> datetime:
    """This second, in UTC."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def history(until: datetime) -> pd.DataFrame:
    """Four rows for each customer, 20 days apart; the oldest are near the end of their time to live."""
    return pd.concat([_rows(until - timedelta(days=20 * age, hours=1), range(CUSTOMERS), age) for age in (3, 2, 1, 0)], ignore_index=True)


def newer(until: datetime) -> pd.DataFrame:
    """A row of a quarter of them, with a column that the first contract does not have."""
    rows = _rows(until - timedelta(minutes=5), range(0, CUSTOMERS, 4), seed=7)
    return rows.assign(orders_7d=rows["orders_30d"] // 4)


def broken(until: datetime) -> pd.DataFrame:
    """Rows that break the contract (below zero, no country code) and the suite (more than anybody spends, the same moment twice)."""
    rows = _rows(until - timedelta(minutes=1), [1, 2, 3, 3], seed=9)
    return rows.assign(spent_30d=[-1.0, 1e9, 10.0, 10.0], country=["DE", "Germany", "FR", "FR"], orders_7d=0)


def entities(until: datetime) -> pd.DataFrame:
    """Whom to train for, and as of when: within history, before it, and somebody whom nobody knows."""
    generator = np.random.default_rng(3)
    rows = pd.DataFrame({
        "customer_id": generator.integers(0, CUSTOMERS, 500),
        "event_timestamp": [until - timedelta(seconds=int(back)) for back in generator.integers(0, 70 * 86_400, 500)],
    })  # fmt: skip
    strangers = pd.DataFrame({"customer_id": [CUSTOMERS + 1], "event_timestamp": [until]})
    return pd.concat([rows, strangers], ignore_index=True)


def as_of(rows: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """What each entity row has to get: by pandas, not by Feast."""
    left = asked.assign(event_timestamp=asked["event_timestamp"].astype("datetime64[us, UTC]")).sort_values("event_timestamp", kind="stable")
    right = rows.assign(event_time=rows["event_time"].astype("datetime64[us, UTC]")).sort_values("event_time", kind="stable")
    return pd.merge_asof(left, right, left_on="event_timestamp", right_on="event_time", by="customer_id", tolerance=TTL)


def newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each customer."""
    return rows.sort_values("event_time", kind="stable").groupby("customer_id", as_index=False).last()


def differences(expected: pd.DataFrame, found: pd.DataFrame) -> int:
    """Rows whose features differ; a value that is missing on both sides is the same."""
    wrong = np.zeros(len(expected), dtype=bool)
    for name in FEATURES:
        wrong |= np.array([not _same(one, other) for one, other in zip(expected[name], found[name], strict=True)])
    return int(wrong.sum())


def _same(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return bool(one == other)


def _rows(moment: datetime, customers: Any, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    customers = np.asarray(customers)
    orders = generator.integers(0, 40, len(customers))
    return pd.DataFrame({
        "customer_id": customers,
        # each at a second of its own
        "event_time": pd.to_datetime([moment - timedelta(seconds=int(number)) for number in customers], utc=True),
        "orders_30d": orders,
        "spent_30d": np.round(orders * generator.uniform(5, 80, len(customers)), 2),
        "country": _COUNTRIES[customers % len(_COUNTRIES)],
    })  # fmt: skip
