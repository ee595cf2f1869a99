import type { TableMaintenance } from './table-maintenance';
import { wholeDays } from './whole-days';
import { checkInteger } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** An optimizer of Glue, for every engine. */
export type TableOptimizer =
  | { readonly id: 'Compaction'; readonly type: 'compaction' }
  | { readonly id: 'SnapshotRetention'; readonly type: 'retention'; readonly days: number; readonly snapshots: number; readonly cleanExpiredFiles: boolean }
  | { readonly id: 'OrphanFiles'; readonly type: 'orphan_file_deletion'; readonly days: number };

/** Decides on the optimizers of a table. */
export function tableOptimizers(faults: Faults, maintenance: TableMaintenance | undefined): TableOptimizer[] {
  if (maintenance === undefined || !maintenance._compaction) return [];
  const compaction: TableOptimizer = { id: 'Compaction', type: 'compaction' };
  const deletion = maintenance._deletion;
  if (deletion === undefined) return [compaction];
  checkInteger(faults, 'minSnapshots', deletion.minSnapshots, { min: 1, max: 10_000 });
  return [
    compaction,
    {
      id: 'SnapshotRetention',
      type: 'retention',
      days: wholeDays(faults, 'snapshotRetention', deletion.snapshotRetention, 30),
      snapshots: deletion.minSnapshots ?? 10,
      cleanExpiredFiles: true,
    },
    { id: 'OrphanFiles', type: 'orphan_file_deletion', days: wholeDays(faults, 'orphanFileRetention', deletion.orphanFileRetention, 7) },
  ];
}

/** Log groups that Glue writes the outcome of its runs to. */
export const OPTIMIZER_LOG_GROUPS = ['iceberg-compaction', 'iceberg-retention', 'iceberg-orphan-file-deletion'].map((name) => `/aws-glue/${name}/logs`);
