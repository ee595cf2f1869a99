import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { App as Cdk8sApp, ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { isValidationError } from '../../lib/core/private/validation-error';
import type { IMlNetwork } from '../../lib/network/interfaces';
import { MlNetwork } from '../../lib/network/ml-network';

/** An app that does not copy assets: a synth in milliseconds. */
export function testApp(): App {
  return new App({ context: { 'aws:cdk:disable-asset-staging': true } });
}

/** A stack in an app of its own. */
export function testStack(id = 'Stack'): Stack {
  return new Stack(testApp(), id);
}

/** A network around a VPC of plain text: no resource of it is in the template. */
export function textNetwork(scope: Construct, options: { routesOut?: boolean; interfaceEndpoints?: string[] } = {}): IMlNetwork {
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'TestVpc', {
    vpcId: 'vpc-1',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
    privateSubnetRouteTableIds: ['rtb-a', 'rtb-b'],
  });
  const network = MlNetwork.fromVpc(scope, 'TestNetwork', vpc);
  return new Proxy(network, {
    get: (target, key) => {
      if (key === 'routesOut') return options.routesOut ?? true;
      if (key === 'interfaceEndpoints') return options.interfaceEndpoints ?? [];
      return Reflect.get(target, key);
    },
  });
}

/** A cdk8s chart of plain objects. */
export function chartOf(...objects: Record<string, any>[]): Chart {
  const chart = new Chart(new Cdk8sApp(), 'chart');
  objects.forEach((object, index) => new ApiObject(chart, `object${index}`, object as never));
  return chart;
}

export function configMap(name: string, data: Record<string, unknown> = {}): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** The resources of a stack. */
export function resourcesOf(stack: Stack): Record<string, { Type: string; Properties: Record<string, any>; DependsOn?: string[] }> {
  return Template.fromStack(stack).toJSON().Resources ?? {};
}

/** Logical ids of a type, or of ids that match. */
export function idsOf(stack: Stack, type: string): string[] {
  return Object.entries(resourcesOf(stack)).filter(([, it]) => it.Type === type).map(([id]) => id);
}

/** The one id that matches. */
export function idOf(stack: Stack, pattern: RegExp): string {
  const ids = Object.keys(resourcesOf(stack)).filter((id) => pattern.test(id));
  if (ids.length !== 1) throw new Error(`${pattern} matches ${ids.join(', ') || 'nothing'}`);
  return ids[0]!;
}

/** Everything that a resource waits for, however far down: by DependsOn and by references. */
export function ancestorsOf(stack: Stack, id: string, resources = resourcesOf(stack)): Set<string> {
  const seen = new Set<string>();
  const visit = (current: string): void => {
    for (const next of referencesOf(resources[current])) {
      if (!(next in resources) || seen.has(next)) continue;
      seen.add(next);
      visit(next);
    }
  };
  visit(id);
  return seen;
}

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (key === 'Ref') return [String(item)];
    if (key === 'Fn::GetAtt') return [String((item as unknown[])[0])];
    if (key === 'DependsOn') return ([] as string[]).concat(item as string[]);
    return referencesOf(item);
  });
}

/** The message of the ValidationError that a function throws; any other outcome fails the test. */
export function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return error.message;
  }
  throw new Error('no ValidationError was thrown');
}

/** True if the outcome is one of the two that are allowed: a valid result or a ValidationError. */
export function validOrRefused(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (isValidationError(error)) return true;
    throw error;
  }
}

/** A cluster of somebody else, with a handler. */
export function fakeCluster(scope: Construct): eks.ICluster {
  return eks.Cluster.fromClusterAttributes(scope, 'Theirs', {
    clusterName: 'theirs',
    clusterSecurityGroupId: 'sg-1',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(scope, 'Handler', {
      serviceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:handler',
      role: iam.Role.fromRoleArn(scope, 'HandlerRole', 'arn:aws:iam::111122223333:role/handler'),
    }),
  });
}
