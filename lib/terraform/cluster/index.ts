export * from './cluster-access';
export * from './helm-provider';
export * from './manifest-release';
