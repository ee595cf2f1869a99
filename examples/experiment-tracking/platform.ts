import { join } from 'path';
import { Duration, Stack, Validations, type StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { network, registry } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** Properties of the platform. */
export interface TrackingPlatformProps extends StackProps {
  /** Certificate of the internal load balancer: passwords travel over TLS only. */
  readonly certificateArn: string;
}

/** MLflow for a company: people and machines log in, the database sleeps when nobody works, jobs get their login by reference. */
export class TrackingPlatform extends Stack {
  readonly models: registry.ModelRegistry;
  readonly training: ecs.FargateTaskDefinition;

  constructor(scope: Construct, id: string, props: TrackingPlatformProps) {
    super(scope, id, props);
    const net = new network.MlNetwork(this, 'Network', {
      loadBalancer: { certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', props.certificateArn) },
    });
    this.models = new registry.ModelRegistry(this, 'Models', {
      network: net,
      auth: registry.RegistryAuth.basic({ defaultPermission: registry.RegistryPermission.EDIT, rotateEvery: Duration.days(30) }),
      database: registry.RegistryDatabase.auroraServerless({ minCapacity: 0, maxCapacity: 4 }),
      workers: 2,
      cpu: 1024,
      memoryLimitMiB: 2048,
    });
    this.training = this.makeTraining();
    const jobs = new ec2.SecurityGroup(this, 'Jobs', { vpc: net.vpc, description: 'Training jobs' });
    this.models.connections.allowDefaultPortFrom(jobs, 'training jobs');
  }

  /** A job that logs runs and registers versions: rights on S3, and the login without ever holding it in the template. */
  private makeTraining(): ecs.FargateTaskDefinition {
    const task = new ecs.FargateTaskDefinition(this, 'Training', { cpu: 1024, memoryLimitMiB: 4096 });
    const mlflow = this.models.clientEnvironment();
    task.addContainer('train', {
      image: ecs.ContainerImage.fromAsset(join(__dirname, 'training')),
      environment: { ...mlflow.variables, MLFLOW_EXPERIMENT_NAME: 'fraud' },
      secrets: { ...mlflow.secrets },
      logging: ecs.LogDriver.awsLogs({ streamPrefix: 'train', logGroup: new logs.LogGroup(this, 'TrainingLogs', { retention: logs.RetentionDays.ONE_MONTH }) }),
    });
    this.models.grants.register(task.taskRole);
    // what cdk-nag asks about, for teams that run it
    Validations.of(task).acknowledge(
      { id: 'AwsSolutions-ECS2', reason: 'the address of MLflow is no secret; the login comes by reference' },
      { id: 'AwsSolutions-IAM5[Resource::*]', reason: 'ecr:GetAuthorizationToken cannot be confined to a resource' },
    );
    return task;
  }
}
