export * from './fargate-model-service';
export * from './interfaces';
export * from './blueprint/rollout';
