/** Processors of Spark's workers. */
export enum SparkArchitecture {
  /** AWS Graviton: a fifth cheaper. */
  ARM64 = 'ARM64',
  /** Intel and AMD, for jobs with libraries that know nothing else. */
  X86_64 = 'X86_64',
}
