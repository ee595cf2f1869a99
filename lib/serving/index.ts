export * from './fargate-model-service';
export * from './interfaces';
