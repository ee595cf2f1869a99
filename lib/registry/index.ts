export * from './interfaces';
export * from './model-grants';
export * from './model-registry';
export * from './registered-model';
export * from './registry-auth';
export * from './registry-database';
export * from './release-record';
export * from './sage-maker-mlflow-registry';
