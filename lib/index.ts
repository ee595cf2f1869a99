export * from './core';
export * as accelerators from './accelerators';
export * as network from './network';
export * as cluster from './cluster';
export * as data from './data';
export * as registry from './registry';
export * as features from './features';
export * as serving from './serving';
export * as monitoring from './monitoring';
