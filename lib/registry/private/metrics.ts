import { Duration } from 'aws-cdk-lib';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import type { IMlNetwork } from '../../network/interfaces';
import type { InternalService } from '../../network/internal-service';
import type { RegistryMetricsBlueprint } from '../blueprint/metrics';

/**
 * A name that leads to every task, since each tells its own numbers; the load balancer would lead to one of them.
 *
 * @returns name and port
 */
export function nameTasks(scope: Construct, plan: RegistryMetricsBlueprint, network: IMlNetwork, server: InternalService): string {
  const namespace = new servicediscovery.PrivateDnsNamespace(scope, 'MetricsZone', {
    vpc: network.vpc, name: plan.zoneName, description: `Tasks of ${server.hostName}, for Prometheus`,
  });
  server.service.enableCloudMap({
    cloudMapNamespace: namespace,
    name: plan.recordName,
    dnsRecordType: servicediscovery.DnsRecordType.A,
    dnsTtl: Duration.seconds(plan.recordSeconds),
  });
  return `${plan.recordName}.${plan.zoneName}:${plan.port}`;
}
