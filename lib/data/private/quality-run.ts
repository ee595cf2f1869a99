import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { catalogEnvironment } from './catalog-environment';
import { give } from './give';
import type { QualityCheckFiles } from './quality-decision';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { PlatformBusGrants } from '../../network/platform-bus-grants';
import type { QualityCheckBlueprint } from '../blueprint/quality-check';
import type { QualityMachineInput } from '../blueprint/quality-machine';
import type { QualityCheckOptions } from '../quality-check-props';

/** What runs of a check are made from, whatever they run on. */
export interface QualityRunInput {
  readonly plan: QualityCheckBlueprint;
  readonly props: QualityCheckOptions;
  readonly files: QualityCheckFiles;
  /** Prefix of the reports in their bucket. */
  readonly prefix: string;
  readonly dimensions: { readonly Table: string; readonly Check: string };
  /** Address of the reports. */
  readonly reports: string;
}

/** What a run is told, and what it may. */
export interface QualityRun {
  readonly environment: { readonly [name: string]: string };
  readonly machineInput: QualityMachineInput;
  /** Gives a role what every run needs. */
  letRun(role: iam.IRole): void;
}

/** Publishes the check files of a check, in the scope of the check itself. */
export function makeQualityRun(scope: Construct, input: QualityRunInput): QualityRun {
  const { plan, props, files, dimensions, reports } = input;
  const contracts = files.contracts.flatMap(({ _contract }) => (_contract ? [new assets.Asset(scope, 'Contract', { path: _contract.file })] : []));
  const suites = files.suites.map((path, index) => new assets.Asset(scope, `Suite${index + 1}`, { path }));
  const addresses = (all: assets.Asset[]): string => all.map(({ s3ObjectUrl }) => s3ObjectUrl).join(' ');
  return {
    environment: {
      ML_QUALITY_TABLE: dimensions.Table,
      ML_QUALITY_REPORT: reports,
      ML_QUALITY_SAMPLE: plan.sample,
      ML_QUALITY_NAME: dimensions.Check,
      ...(contracts.length > 0 ? { ML_QUALITY_CONTRACT: addresses(contracts) } : {}),
      ...(suites.length > 0 ? { ML_QUALITY_SUITES: addresses(suites) } : {}),
      ...(props.showValues ? { ML_QUALITY_SHOW_VALUES: 'true' } : {}),
      ...(props.eventBus ? { ML_EVENT_BUS: props.eventBus.eventBusName, ML_ENVIRONMENT: props.environmentName ?? 'default' } : {}),
      ...catalogEnvironment(props.table.s3TableCatalog),
    },
    machineInput: { partition: Stack.of(scope).partition, namespace: plan.namespace, dimensions: { ...dimensions }, reports },
    letRun: (role) => { letRun(role, input, [...contracts, ...suites]); },
  };
}

/** Lets a state machine write the metrics of a check. */
export function letCount(machine: sfn.StateMachine, namespace: string): void {
  machine.addToRolePolicy(new iam.PolicyStatement({
    actions: ['cloudwatch:PutMetricData'], resources: ['*'], conditions: { StringEquals: { 'cloudwatch:namespace': namespace } },
  }));
  acknowledgeWildcards(machine.role, ['*'], 'cloudwatch:PutMetricData cannot be confined to a resource; the namespace is the limit');
}

function letRun(role: iam.IRole, { props, prefix }: QualityRunInput, files: assets.Asset[]): void {
  for (const { s3BucketName, s3ObjectKey } of files) {
    // the file itself, and nothing beside it
    const file = Stack.of(role).formatArn({ service: 's3', region: '', account: '', resource: s3BucketName, resourceName: s3ObjectKey });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [file] }));
  }
  props.table.grants.read(role);
  const objects = props.reportBucket.arnForObjects(`${prefix}/*`);
  give(role, [{ actions: ['s3:GetObject', 's3:PutObject'], resources: [objects] }], props.reportBucket, true);
  if (props.eventBus) new PlatformBusGrants(props.eventBus).publish(role);
}
