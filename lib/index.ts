export * from './core';
export * as network from './network';
export * as data from './data';
