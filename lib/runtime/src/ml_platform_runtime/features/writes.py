"""What a materialization writes: rows, the newest event among them, and DynamoDB's write units, counted item by item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

#: Dollars for a million write request units of an on-demand table, us-east-1, 2026-11.
#: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_MILLION_UNITS = 0.625
_UNIT_BYTES = 1024


@dataclass
class Writes:
    """Sums over all batches of one view."""

    rows: int = 0
    #: Zero for stores that are not paid by write.
    write_units: int = 0
    newest: datetime | None = None

    def add(self, config: Any, batch: list[Any]) -> None:
        """One batch as Feast hands it to the online store."""
        billed = config.online_store.type == "dynamodb"
        for key, values, moment, _created in batch:
            self.rows += 1
            if billed:
                self.write_units += math.ceil(item_bytes(config, key, values, moment) / _UNIT_BYTES)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
            self.newest = moment if self.newest is None else max(self.newest, moment)


def item_bytes(config: Any, key: Any, values: Any, moment: datetime) -> int:
    """The size that DynamoDB bills for Feast's item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    from feast.infra.online_stores.helpers import compute_entity_id
    from feast.utils import make_tzaware

    entity = compute_entity_id(key, entity_key_serialization_version=config.entity_key_serialization_version)
    size = len("entity_id") + len(entity) + len("event_ts") + len(str(make_tzaware(moment))) + len("values")
    # A map costs 3 bytes, and 1 more for each pair in it.
    return int(size + 3 + sum(1 + len(name.encode()) + value.ByteSize() for name, value in values.items()))


def watch(online_store: Any, writes: Writes, *, dry_run: bool) -> None:
    """Count what goes through this store object; in a dry run nothing goes through."""
    write = type(online_store).online_write_batch

    def counted(config: Any, table: Any, data: list[Any], progress: Any) -> None:
        writes.add(config, data)
        if not dry_run:
            write(online_store, config, table, data, progress)

    online_store.online_write_batch = counted
