import { App, Stack } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { ApiObject, App as Cdk8sApp, Chart } from 'cdk8s';
import { cluster, data, network, registry, serving } from '../../lib';
import { isValidationError } from '../../lib/core/private/validation-error';

const app = new App({ context: { 'aws:cdk:disable-asset-staging': true } });
const stack = new Stack(app, 'Platform');
const net = new network.MlNetwork(stack, 'Network');
const lake = new data.DataLake(stack, 'Lake');
const image = ContainerImage.fromRegistry('example.com/image:1');
const models = new registry.ModelRegistry(stack, 'Models', { network: net, image });
const eks = new cluster.MlCluster(stack, 'Cluster', { network: net });
const columns = [data.Column.required('id', data.IcebergType.LONG)];

function manifests(): Chart {
  const chart = new Chart(new Cdk8sApp(), 'chart');
  new ApiObject(chart, 'Map', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'map' } });
  return chart;
}

const MAKE: Record<string, (id: string) => unknown> = {
  MlNetwork: (id) => new network.MlNetwork(stack, id),
  InternalService: (id) => new network.InternalService(stack, id, { network: net, hostName: id.toLowerCase(), image, port: 80 }),
  DataLake: (id) => new data.DataLake(stack, id),
  IcebergTable: (id) => lake.addTable(id, { columns }),
  ModelRegistry: (id) => new registry.ModelRegistry(stack, id, { network: net, image, hostName: id.toLowerCase() }),
  ReleaseRecord: (id) => new registry.ReleaseRecord(stack, id),
  FargateModelService: (id) => new serving.FargateModelService(stack, id, { network: net, image, hostName: id.toLowerCase(), model: models.model('fraud').alias('champion') }),
  MlCluster: (id) => new cluster.MlCluster(stack, id, { network: net }),
  ManifestRelease: (id) => eks.addManifests(id, manifests()),
  HelmAddOn: (id) => eks.addHelmAddOn(id, { chart: 'keda' }),
  WorkloadIdentity: (id) => eks.addWorkloadIdentity(id, { namespace: 'default', serviceAccountName: id.toLowerCase() }),
};

test.each(Object.entries(MAKE))('a second %s of the same id is one ValidationError that names the id', (name, make) => {
  const id = `Twice${name}`;
  make(id);
  let message = '';
  try {
    make(id);
  } catch (error) {
    expect(isValidationError(error)).toBe(true);
    message = (error as Error).message;
  }
  expect(message).toContain('[duplicate-id]');
  expect(message).toContain(`id '${id}' is taken in 'Platform`);
});
