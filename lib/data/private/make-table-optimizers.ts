import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IDependable } from 'constructs';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { OPTIMIZER_LOG_GROUPS, TableOptimizer } from '../blueprint/table-optimizers';
import type { IIcebergTable } from '../interfaces';

/**
 * Makes the optimizers of a table and the role that Glue runs them with: it can write this one table and its logs.
 *
 * @param table the table, under which they stand
 * @param after what has to exist first
 */
export function makeTableOptimizers(table: Construct & IIcebergTable, after: IDependable, optimizers: TableOptimizer[]): void {
  if (optimizers.length === 0) return;
  const role = makeRole(table);
  const { account } = Stack.of(table);
  for (const optimizer of optimizers) {
    const resource = new glue.CfnTableOptimizer(table, optimizer.id, {
      catalogId: account,
      databaseName: table.databaseName,
      tableName: table.tableName,
      type: optimizer.type,
      tableOptimizerConfiguration: { enabled: true, roleArn: role.roleArn, ...configurationOf(optimizer, table.location) },
    });
    // Glue tries the role when the optimizer is made, so its policy has to be there
    resource.node.addDependency(after, role.node.findChild('DefaultPolicy'));
  }
}

function makeRole(table: Construct & IIcebergTable): iam.Role {
  const stack = Stack.of(table);
  const role = new iam.Role(table, 'MaintenanceRole', {
    assumedBy: new iam.ServicePrincipal('glue.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    description: `Optimizers of table ${table.tableName}`,
  });
  table.grants.write(role);
  const logs = OPTIMIZER_LOG_GROUPS.map((name) => stack.formatArn({
    service: 'logs', resource: 'log-group', resourceName: `${name}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  }));
  role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], resources: logs }));
  acknowledgeWildcards(role, logs, 'Glue names the log streams; the right ends at its three log groups');
  return role;
}

type Configuration = Partial<glue.CfnTableOptimizer.TableOptimizerConfigurationProperty>;

function configurationOf(optimizer: TableOptimizer, location: string): Configuration {
  switch (optimizer.type) {
    case 'compaction':
      // by bin packing, which is Glue's default
      return {};
    case 'retention':
      return {
        retentionConfiguration: {
          icebergConfiguration: {
            snapshotRetentionPeriodInDays: optimizer.days, numberOfSnapshotsToRetain: optimizer.snapshots, cleanExpiredFiles: optimizer.cleanExpiredFiles,
          },
        },
      };
    case 'orphan_file_deletion':
      return { orphanFileDeletionConfiguration: { icebergConfiguration: { orphanFileRetentionPeriodInDays: optimizer.days, location } } };
  }
}
