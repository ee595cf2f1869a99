import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { SecretField } from './cluster-server';
import { RegistryTask, type ServerBesideTasks } from './registry-task';
import type { IMlNetwork } from '../../network/interfaces';
import type { BasicLoginBlueprint } from '../blueprint/auth';

/** The secrets of MLflow's own login. */
export interface LoginSecrets {
  readonly admin: secretsmanager.ISecret;
  readonly machines: secretsmanager.ISecret;
  readonly secretKey: secretsmanager.ISecret;
}

/** Generated once and kept: CloudFormation makes a new value only for a new secret, and MLflow keeps a user that it knows. */
export function createLoginSecrets(scope: Construct, plan: BasicLoginBlueprint, removalPolicy: RemovalPolicy): LoginSecrets {
  const login = (id: string, username: string, description: string) => new secretsmanager.Secret(scope, id, {
    description,
    removalPolicy,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }), generateStringKey: 'password', passwordLength: plan.passwordLength, excludePunctuation: true,
    },
  });
  const admin = login('AdminLogin', plan.adminUser, 'Administrator of the model registry');
  const machines = login('MachineLogin', plan.machineUser, 'Jobs and services that talk to the model registry');
  const secretKey = new secretsmanager.Secret(scope, 'SecretKey', {
    description: 'Signs forms of the model registry; the same for all its tasks',
    removalPolicy,
    generateSecretString: { passwordLength: plan.secretKeyLength, excludePunctuation: true },
  });
  for (const secret of [admin, machines]) {
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4', reason: 'a scheduled task rotates it through MLflow, which Secrets Manager\'s own rotation cannot reach without a function in the VPC',
    });
  }
  Validations.of(secretKey).acknowledge({ id: 'AwsSolutions-SMG4', reason: 'it protects nothing but one form; every task needs the same' });
  return { admin, machines, secretKey };
}

/** Variable to secret, and to the field of it. */
export function loginFields({ admin, machines, secretKey }: LoginSecrets): Record<string, SecretField> {
  return {
    ML_AUTH_ADMIN_USER: { secret: admin, field: 'username' },
    ML_AUTH_ADMIN_PASSWORD: { secret: admin, field: 'password' },
    ML_AUTH_MACHINE_USER: { secret: machines, field: 'username' },
    ML_AUTH_MACHINE_PASSWORD: { secret: machines, field: 'password' },
    ML_AUTH_SECRET_KEY: { secret: secretKey },
  };
}

/** The secrets as the server's container takes them. */
export function loginVariables(secrets: LoginSecrets): Record<string, ecs.Secret> {
  return Object.fromEntries(Object.entries(loginFields(secrets)).map(([name, { secret, field }]) => [name, ecs.Secret.fromSecretsManager(secret, field)]));
}

/** Names of the variables, for checks before anything exists. */
export const LOGIN_VARIABLES = ['ML_AUTH_ADMIN_USER', 'ML_AUTH_ADMIN_PASSWORD', 'ML_AUTH_MACHINE_USER', 'ML_AUTH_MACHINE_PASSWORD', 'ML_AUTH_SECRET_KEY'];

/** What the rotation needs. */
export interface RotationProps {
  readonly network: IMlNetwork;
  readonly server: ServerBesideTasks;
  readonly image: ecs.ContainerImage;
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  readonly trackingUri: string;
  readonly days: number;
  readonly alarmActions: cloudwatch.IAlarmAction[];
}

/** The task that gives both logins new passwords: machines first, so that the administrator that it logs in as is not changed before. */
export function createRotation(scope: Construct, { admin, machines }: LoginSecrets, props: RotationProps): RegistryTask {
  const { network, server, image, cpuArchitecture, trackingUri, days, alarmActions } = props;
  const task = new RegistryTask(scope, 'Rotation', {
    network, server, image, cpuArchitecture, alarmActions,
    command: [
      'python', '-m', 'ml_platform_runtime', 'registry-rotate',
      '--secret', machines.secretArn, '--secret', admin.secretArn, '--admin-secret', admin.secretArn,
    ],
    environment: { MLFLOW_TRACKING_URI: trackingUri },
    every: Duration.days(days),
    alarmDescription: 'Registry: its logins were not rotated. The present ones go on working; see the task\'s log, then start the state machine again.',
  });
  for (const secret of [machines, admin]) {
    secret.grantRead(task.taskDefinition.taskRole);
    secret.grantWrite(task.taskDefinition.taskRole);
  }
  return task;
}

/** What a container needs to log in: the SDK's own variables. */
export function clientSecrets(machines: secretsmanager.ISecret): Record<string, ecs.Secret> {
  return {
    MLFLOW_TRACKING_USERNAME: ecs.Secret.fromSecretsManager(machines, 'username'),
    MLFLOW_TRACKING_PASSWORD: ecs.Secret.fromSecretsManager(machines, 'password'),
  };
}
