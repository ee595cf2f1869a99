import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import type { StructUse, StructUses } from './literal-faults';
import { Faults } from '../../lib/core/private/faults';
import * as platform from '../../lib/terraform';
import { chartOf, configMap } from '../cluster/support';
import { removeSynthesized, synthesize } from '../terraform/synthesize';

const { cluster, data, network } = platform;

/** The Terraform program of a stack in which something was made. */
function program<Props>(make: (stack: Construct, given: Partial<Props>) => void): StructUse {
  return {
    make: (given) => {
      try {
        return synthesize((stack) => make(stack, given as Partial<Props>), { 'cdk-ml-platform:allow-data-destruction': true }).program;
      } finally {
        removeSynthesized();
      }
    },
  };
}

const folder = mkdtempSync(join(tmpdir(), 'documented-contracts-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
let files = 0;

const COLUMNS = [data.Column.required('id', data.IcebergType.LONG)];

/** What is made from each struct of the package's Terraform entry that documents a literal. */
export const TERRAFORM_STRUCT_USES: StructUses = {
  'network.MlNetworkProps': program<platform.network.MlNetworkProps>((stack, given) => { new network.MlNetwork(stack, 'Network', given); }),
  'network.MlNetworkAttributes': {
    make: (given) => {
      let routesOut: boolean | undefined;
      program<platform.network.MlNetworkAttributes>((stack) => {
        ({ routesOut } = network.MlNetwork.fromNetworkAttributes(stack, 'Network', { vpcId: 'vpc-1', privateSubnetIds: ['subnet-1'], ...given }));
      }).make({});
      return { routesOut };
    },
  },
  'data.DataLakeProps': program<platform.data.DataLakeProps>((stack, given) => { new data.DataLake(stack, 'Lake', given); }),
  'data.ColumnCheck': {
    make: (given) => {
      const contract = data.DataContract.fromColumns(join(folder, String(files++), 'payments.json'), { columns: COLUMNS, checks: { id: given } });
      return contract._resolve(Faults.at('Table'), true);
    },
  },
  'data.IcebergTableOptions': program<platform.data.IcebergTableOptions>((stack, given) => {
    new data.DataLake(stack, 'Lake').addTable('Table', { columns: COLUMNS, ...given });
  }),
  'data.IcebergTableProps': program<platform.data.IcebergTableProps>((stack, given) => {
    new data.IcebergTable(stack, 'Table', { lake: new data.DataLake(stack, 'Lake'), columns: COLUMNS, ...given });
  }),
  'cluster.ManifestReleaseProps': program<platform.cluster.ManifestReleaseProps>((stack, given) => {
    new cluster.HelmProvider(stack, 'Helm', { access: cluster.ClusterAccess.kubeconfig('~/.kube/config') });
    new cluster.ManifestRelease(stack, 'Release', { chart: chartOf(configMap('settings')), ...given });
  }),
};
