export * from './interfaces';
export * from './ml-network';
export * from './internal-load-balancer';
export * from './internal-service';
export * from './internal-service-props';
export * from './blueprint/service-options';
export * from './blueprint/interface-endpoint';
