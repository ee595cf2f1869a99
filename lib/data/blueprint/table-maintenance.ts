import type { Duration } from 'aws-cdk-lib';

/** What Glue does to a table of its own accord. */
export interface AutomaticMaintenance {
  /**
   * How long snapshots that no branch or tag names are kept, in whole days. Time travel ends there; snapshots that a
   * model version names need a tag, which keeps them for as long as the tag says.
   *
   * @default Duration.days(30)
   */
  readonly snapshotRetention?: Duration;

  /**
   * Newest snapshots that are kept however old they are.
   *
   * @default 10
   */
  readonly minSnapshots?: number;

  /**
   * Age from which files that no snapshot knows are deleted, in whole days. A job that writes for longer than this
   * loses the files that it has not committed yet.
   *
   * @default Duration.days(7)
   */
  readonly orphanFileRetention?: Duration;
}

/**
 * How an Iceberg table is kept in order: small files, old snapshots, and files that failed writers left behind.
 *
 * Nothing is done unless it is asked for: maintenance deletes data that queries of the past need, commits beside the writers, and
 * is billed for each table. Ask for it where a table gets more than some commits a day.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
 */
export class TableMaintenance {
  /** Nothing: no data is rewritten or deleted, and nothing is billed. */
  static none(): TableMaintenance {
    return new TableMaintenance(false);
  }

  /** Small files are merged into larger ones; nothing is deleted, so the merged files go on costing storage. */
  static compaction(): TableMaintenance {
    return new TableMaintenance(true);
  }

  /**
   * Small files are merged, old snapshots expire together with their files, and files that no snapshot knows are deleted.
   *
   * Fails, where the table is made, with `invalid-snapshot-retention`, `unresolved-snapshot-retention`, `invalid-min-snapshots`,
   * `invalid-orphan-file-retention` or `unresolved-orphan-file-retention`.
   */
  static automatic(options: AutomaticMaintenance = {}): TableMaintenance {
    return new TableMaintenance(true, options);
  }

  private constructor(
    /** @internal */
    readonly _compaction: boolean,
    /** @internal */
    readonly _deletion?: AutomaticMaintenance,
  ) {}
}
