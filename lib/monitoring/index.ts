export * from './interfaces';
export * from './prometheus-stack';
