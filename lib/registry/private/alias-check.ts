import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { LoginSite } from './registry-login';
import { RegistryTask } from './registry-task';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import type { AliasCheckBlueprint } from '../blueprint/alias-check';
import type { MlflowClientEnvironment } from '../interfaces';

/** What the check has to reach. */
export interface AliasCheckSite extends LoginSite {
  readonly releaseTable: dynamodb.ITable;
  readonly client: MlflowClientEnvironment;
}

/** The task that compares MLflow's aliases with the release records, and the alarm on what it finds. */
export function createAliasCheck(scope: Construct, plan: AliasCheckBlueprint, site: AliasCheckSite): cloudwatch.Alarm[] {
  const { network, server, image, cpuArchitecture, alarmActions, client, releaseTable } = site;
  const task = new RegistryTask(scope, 'AliasCheck', {
    network, server, image, cpuArchitecture, alarmActions,
    command: plan.command,
    environment: { ...client.variables, ...plan.environment, ML_RELEASE_TABLE: releaseTable.tableName },
    secrets: client.secrets,
    every: Duration.minutes(plan.everyMinutes),
    alarmDescription: 'Registry: MLflow\'s aliases could not be compared with the release records. Serving does not need them; see the task\'s log.',
  });
  const role = task.taskDefinition.taskRole;
  iam.Grant.addToPrincipal({ grantee: role, actions: ['dynamodb:Scan'], resourceArns: [releaseTable.tableArn] });
  releaseTable.encryptionKey?.grantDecrypt(role);
  acknowledgeWildcards(role, ['*'], 'metrics have no ARN: the right ends at the namespace');
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: ['cloudwatch:PutMetricData'], resources: ['*'], conditions: { StringEquals: { 'cloudwatch:namespace': plan.metric.namespace } },
  }));
  return [task.alarm, differsAlarm(task, plan, alarmActions)];
}

function differsAlarm(task: RegistryTask, { metric, everyMinutes }: AliasCheckBlueprint, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const { namespace, name, dimensions } = metric;
  const alarm = new cloudwatch.Alarm(task, 'DiffersAlarm', {
    alarmDescription: 'Registry: MLflow shows another champion than production serves. Production follows the release record; see the task\'s log for the models.',
    metric: new cloudwatch.Metric({
      namespace, metricName: name, dimensionsMap: dimensions, statistic: 'Maximum', period: Duration.minutes(everyMinutes),
    }),
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(...actions);
  return alarm;
}
