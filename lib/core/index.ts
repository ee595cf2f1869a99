export * from './events/detail-type';
export * from './shards';
export * from './events/event-contract';
export * from './versions';
