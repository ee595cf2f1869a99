export * from './accelerated-instance';
export * from './gpu';
export * from './instance-prices';
export * from './llm-model';
export * from './llm-placement';
export * from './memory-fit';
export * from './quantization';
