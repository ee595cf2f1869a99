import { Duration } from 'aws-cdk-lib';
import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from '../../lib/cluster/manifests/basics';
import { llmMonitoring, type LlmMonitoringRequest } from '../../lib/serving/manifests/llm-monitoring';

const CHAT: LlmMonitoringRequest = {
  namespace: 'models', service: 'chat', model: 'meta-llama/Llama-3.1-8B-Instruct', usdPerHourAndReplica: 2, port: 8000,
  selector: { 'ml-platform/service': 'chat' },
};

export function samples(): Record<string, Chart> {
  return {
    'a watched model': chartOf(CHAT),
    'a watched model with thresholds': chartOf({
      ...CHAT,
      service: 'code',
      alerts: {
        timeToFirstToken: Duration.millis(500), timePerOutputToken: Duration.millis(20), errorPercent: 0.5, waitingRequests: 3, kvCachePercent: 80, idleGpuPercent: 10,
      },
    }),
  };
}

export function chartOf(request: LlmMonitoringRequest): Chart {
  const chart = emptyChart('monitoring');
  for (const [id, object] of Object.entries(llmMonitoring(request))) new ApiObject(chart, id, object);
  return chart;
}
