import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { image } from './support';
import { InterfaceEndpoint, InternalService, MlNetwork } from '../../lib/network';
import { validate } from '../conformance/cloudformation-oracles';

function estate(): App {
  const app = new App();
  const base = new Stack(app, 'Network');
  const certificate = acm.Certificate.fromCertificateArn(base, 'Certificate', 'arn:aws:acm:eu-central-1:111111111111:certificate/12345678-1234-1234-1234-123456789012');
  const network = new MlNetwork(base, 'Network', {
    availabilityZones: 3, natGateways: 3, interfaceEndpoints: [InterfaceEndpoint.ECR_API], flowLogTraffic: ec2.FlowLogTrafficType.ALL,
    loadBalancer: { certificate, domainName: 'ml.example.com', deletionProtection: true, idleTimeout: Duration.minutes(5) },
  });
  const full = new InternalService(new Stack(app, 'One'), 'Service', {
    network, image, hostName: 'one', cpu: 2048, memoryLimitMiB: 8192, cpuArchitecture: ecs.CpuArchitecture.ARM64, ephemeralStorageGiB: 40,
    command: ['serve'], environment: { A: 'b' }, scaling: { minTasks: 2, maxTasks: 8, targetRequestsPerMinute: 300 },
  });
  const plain = new InternalService(new Stack(app, 'Two'), 'Service', { network, image, hostName: 'two' });
  plain.connections.allowDefaultPortFrom(full.securityGroup);
  plain.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.0.0.0/8'));
  return app;
}

test('a network and its services are what CloudFormation takes', () => {
  expect(validate(estate())).toEqual([]);
}, 60_000);

test('the validator refuses a seeded fault', () => {
  const app = estate();
  new CfnResource(app.node.findChild('Two') as Stack, 'Seeded', { type: 'AWS::ECS::Cluster', properties: { Nonsense: true } });
  expect(validate(app).map(({ message }) => message)).toContainEqual(expect.stringContaining('Nonsense: Additional properties are not allowed'));
}, 60_000);
