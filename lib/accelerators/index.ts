export * from './accelerated-instance';
export * from './gpu';
export * from './llm-model';
export * from './memory-fit';
export * from './quantization';
