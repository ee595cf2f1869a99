import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { parse } from 'yaml';
import type { ChartRelease } from '../../lib/cluster/manifests/add-on-files';
import { emptyChart } from '../../lib/cluster/manifests/basics';
import { fluxHelmRelease, fluxKustomization } from '../../lib/cluster/manifests/flux';

const RELEASE: ChartRelease = {
  name: 'keda', namespace: 'keda', chart: 'keda', repository: 'https://kedacore.github.io/charts', version: '2.20.2', values: { operator: { replicaCount: 2 } },
};

export function samples(): Record<string, Chart> {
  return {
    'a chart of an index for Flux': chartOf(Object.values(fluxHelmRelease(RELEASE))),
    'a chart of an OCI registry for Flux': chartOf(Object.values(fluxHelmRelease({ ...RELEASE, repository: 'oci://quay.io/charts/keda', skipCrds: true }))),
    'the order for Flux': chartOf([
      fluxKustomization({ name: 'keda', path: 'deploy/keda', dependsOn: [], wait: true }),
      fluxKustomization({ name: 'chat', path: 'deploy/chat', dependsOn: ['keda'], wait: false }),
    ]),
  };
}

function chartOf(texts: readonly string[]): Chart {
  const chart = emptyChart('flux');
  texts.forEach((text, index) => new ApiObject(chart, `Object${index}`, parse(text) as ApiObjectProps));
  return chart;
}
