export * from './core';
export * as network from './network';
