import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { serverIn } from './cluster-server-support';
import { MlNetwork } from '../../lib/network/ml-network';
import { MlflowServerSize, ModelRegistry, RegistryAuth, SageMakerMlflowRegistry } from '../../lib/registry';
import { ROLES_TWICE, type Estate } from '../support/estate';

/** A registry of SageMaker with every right on it. */
function managed(size?: MlflowServerSize): App {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const registry = new SageMakerMlflowRegistry(stack, 'Models', { size });
  for (const right of ['read', 'register', 'promote'] as const) {
    registry.grants[right](new iam.Role(stack, right, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
  }
  return app;
}

const EXPLAINED = [
  ROLES_TWICE,
  { rule: 'W3691', message: /^Engine version '17' for engine 'postgres'/, reason: 'a major version is what RDS resolves to its default minor version' },
];

/** A registry whose metrics are read. */
function measured(): App {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const network = new MlNetwork(stack, 'Network');
  const registry = new ModelRegistry(stack, 'Models', { network, metrics: {}, auth: RegistryAuth.none() });
  registry.allowMetricsFrom(new ec2.SecurityGroup(stack, 'Prometheus', { vpc: network.vpc, allowAllOutbound: false }));
  return app;
}

/** A registry whose server runs in a cluster. */
function inCluster(): App {
  const { stack } = serverIn({
    registry: { desiredCount: 2, metrics: {}, aliasCheck: {} },
    server: { prometheus: { serverUrl: 'http://prometheus', namespace: 'monitoring' } },
  });
  return stack.node.root as App;
}

export const ESTATES: Record<string, Estate> = {
  'an MLflow App of SageMaker': {
    make: () => managed(),
    explained: [{
      rule: 'E3006', message: /^Resource type 'AWS::SageMaker::MlflowApp' does not exist/,
      reason: 'the data of cfn-lint is older than the type; aws-cdk-lib\'s own validator knows it',
    }],
  },
  'a registry that tells metrics': { make: () => measured(), explained: EXPLAINED },
  'a registry with its server in a cluster': {
    make: () => inCluster(), explained: EXPLAINED, ofTheTest: ({ where }) => where.startsWith('AddOns/'),
  },
  'a tracking server of SageMaker': { make: () => managed(MlflowServerSize.LARGE) },
};
