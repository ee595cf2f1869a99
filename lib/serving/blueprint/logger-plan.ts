/** InferenceService's `spec.predictor.logger`, without what only the service knows. */
export interface LoggerPlan {
  readonly url: string;
  readonly mode: string;
  readonly headers: readonly string[];
  readonly storage?: { readonly path: string; readonly format: string; readonly batchSize: number; readonly batchInterval: string };
}
