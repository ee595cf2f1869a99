import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';
import definitions from './definitions/inference-extension.json';

/** Definitions of InferencePool and of what llm-d's picker reads, as KServe's chart of the platform version has them. */
export function inferenceExtensionChart(): Chart {
  const chart = emptyChart('inference-extension');
  for (const definition of definitions) new ApiObject(chart, definition.metadata.name, definition);
  return chart;
}
