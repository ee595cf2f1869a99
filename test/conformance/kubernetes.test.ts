import { describeCharts } from './kubernetes-charts';
import { KUBERNETES_TOOLS, KubernetesOracle } from './kubernetes-oracle';
import { describeRooms } from './kubernetes-rooms';
import { describeSeededFaults } from './kubernetes-seeded-faults';
import { describeStacks, describeValues } from './kubernetes-stacks';
import { describeWithTools } from './tools';

describeValues();

/** One server for all of them: its definitions take it seconds to read. */
describeWithTools('on a real API server', KUBERNETES_TOOLS, () => {
  let started: KubernetesOracle;
  const oracle = (): KubernetesOracle => started;
  beforeAll(async () => {
    started = await KubernetesOracle.start();
  }, 300_000);
  afterAll(async () => started?.stop());

  describeSeededFaults(oracle);
  describeRooms(oracle);
  describeStacks(oracle);
  describeCharts(oracle);
});
