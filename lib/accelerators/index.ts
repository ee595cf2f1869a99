export * from './accelerated-instance';
export * from './gpu';
export * from './llm-model';
