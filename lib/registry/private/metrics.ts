import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import type { IMlCluster } from '../../cluster/interfaces';
import { ManifestRelease } from '../../cluster/manifest-release';
import type { IPrometheus } from '../../monitoring/interfaces';
import type { IMlNetwork } from '../../network/interfaces';
import type { InternalService } from '../../network/internal-service';
import type { RegistryMetricsBlueprint } from '../blueprint/metrics';
import { scrapeConfigChart } from '../manifests/scrape-config';

/** Where the metrics of every task are read. */
export interface MetricsPlace {
  readonly dnsName: string;
  readonly port: number;
}

/**
 * A name that leads to every task, since each tells its own numbers; the load balancer would lead to one of them.
 */
export function nameTasks(scope: Construct, plan: RegistryMetricsBlueprint, network: IMlNetwork, server: InternalService): MetricsPlace {
  const namespace = new servicediscovery.PrivateDnsNamespace(scope, 'MetricsZone', {
    vpc: network.vpc, name: plan.zoneName, description: `Tasks of ${server.hostName}, for Prometheus`,
  });
  server.service.enableCloudMap({
    cloudMapNamespace: namespace,
    name: plan.recordName,
    dnsRecordType: servicediscovery.DnsRecordType.A,
    dnsTtl: Duration.seconds(plan.recordSeconds),
  });
  return { dnsName: `${plan.recordName}.${plan.zoneName}`, port: plan.port };
}

/** Lets the Prometheus of a cluster read the metrics, and tells it to. */
export function scrape(
  scope: Construct, { dnsName, port }: MetricsPlace, server: InternalService, cluster: IMlCluster, prometheus: IPrometheus,
): ManifestRelease {
  const nodes = ec2.SecurityGroup.fromSecurityGroupId(scope, 'ScrapingNodes', cluster.cluster.clusterSecurityGroupId, { mutable: false });
  server.securityGroup.connections.allowFrom(nodes, ec2.Port.tcp(port), 'metrics of the model registry');
  return new ManifestRelease(scope, 'Scraping', {
    cluster,
    namespace: prometheus.namespace,
    chart: scrapeConfigChart({ name: server.hostName, namespace: prometheus.namespace, dnsName, port }),
  });
}
