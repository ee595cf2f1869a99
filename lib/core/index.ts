export * from './events/detail-type';
export * from './events/event-contract';
export * from './versions';
