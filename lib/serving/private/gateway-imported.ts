import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { IMlCluster } from '../../cluster/interfaces';
import { GATEWAY_PORTS } from '../blueprint/inference-gateway';
import type { IInferenceGateway, InferenceGatewayAttributes } from '../interfaces';

/** A gateway that exists. Nothing is created. */
export class ImportedInferenceGateway extends Construct implements IInferenceGateway {
  readonly cluster: IMlCluster;
  readonly gatewayName: string;
  readonly namespace: string;
  readonly proxyNamespace: string;
  readonly address: string;
  readonly url: string;
  readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, attributes: InferenceGatewayAttributes) {
    super(scope, id);
    this.cluster = attributes.cluster;
    this.gatewayName = attributes.gatewayName;
    this.namespace = attributes.namespace;
    this.proxyNamespace = attributes.proxyNamespace ?? attributes.namespace;
    this.address = attributes.address;
    this.url = `https://${attributes.address}`;
    this.connections = new ec2.Connections({
      securityGroups: attributes.securityGroup === undefined ? [] : [attributes.securityGroup], defaultPort: ec2.Port.tcp(GATEWAY_PORTS.service),
    });
  }
}
