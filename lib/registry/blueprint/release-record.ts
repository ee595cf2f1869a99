/** The table of release records, as data. `lib/runtime` reads and writes it. */
export interface ReleaseTableBlueprint {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly billingMode: 'PAY_PER_REQUEST';
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  readonly stream: 'NEW_AND_OLD_IMAGES';
}

/**
 * One item per model with the sort key `CURRENT`, and one `SEQ#000000000007` per former state.
 *
 * @param destroy true if the data may be deleted
 */
export function releaseTable(destroy: boolean): ReleaseTableBlueprint {
  return {
    partitionKey: 'model',
    sortKey: 'item',
    billingMode: 'PAY_PER_REQUEST',
    pointInTimeRecovery: true,
    deletionProtection: !destroy,
    stream: 'NEW_AND_OLD_IMAGES',
  };
}
