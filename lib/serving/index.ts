export * from './fargate-model-service';
export * from './interfaces';
export * from './blueprint/rollout';
export * from './blueprint/autoscaling';
export * from './blueprint/scale-to-zero';
