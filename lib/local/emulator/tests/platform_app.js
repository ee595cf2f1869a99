// A platform of the constructs that the library uses, in one app; synthesized by test_platform.py into its first argument.
const { App, Aws, CfnOutput, CustomResource, Duration, RemovalPolicy, Stack, custom_resources } = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const { aws_cloudwatch: cloudwatch, aws_cloudwatch_actions: actions, aws_dynamodb: dynamodb } = require('aws-cdk-lib');
const { aws_ecs: ecs, aws_eks_v2: eks, aws_elasticloadbalancingv2: elb, aws_events: events, aws_glue: glue, aws_iam: iam } = require('aws-cdk-lib');
const { aws_kms: kms, aws_lambda: lambda, aws_logs: logs, aws_rds: rds, aws_route53: route53, aws_route53_targets: targets } = require('aws-cdk-lib');
const { aws_s3: s3, aws_s3_assets: assets, aws_sns: sns, aws_sqs: sqs, aws_ssm: ssm, aws_lakeformation: lakeformation } = require('aws-cdk-lib');

const [, , outdir, image, chart] = process.argv;
const app = new App({ outdir, analyticsReporting: false, context: { '@aws-cdk/core:disableStackTrace': true } });
const env = { account: '000000000000', region: 'us-east-1' };

function network(stack) {
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: true });
  vpc.addFlowLog('FlowLog');
  vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  vpc.addInterfaceEndpoint('Sts', { service: ec2.InterfaceVpcEndpointAwsService.STS });
  return vpc;
}

function data(stack, key) {
  const lake = new s3.Bucket(stack, 'Lake', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true, versioned: true, encryption: s3.BucketEncryption.KMS, encryptionKey: key, enforceSSL: true });
  new dynamodb.TableV2(stack, 'Releases', { partitionKey: { name: 'model', type: 'S' }, sortKey: { name: 'item', type: 'S' }, pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } });
  const database = new glue.CfnDatabase(stack, 'Database', { catalogId: Aws.ACCOUNT_ID, databaseInput: { name: 'platform' } });
  new lakeformation.CfnDataLakeSettings(stack, 'Settings', {});
  const table = new glue.CfnTable(stack, 'Table', {
    catalogId: Aws.ACCOUNT_ID, databaseName: database.ref, tableInput: { name: 'events' },
    openTableFormatInput: { icebergInput: { metadataOperation: 'CREATE', version: '2', icebergTableInput: {
      location: lake.s3UrlForObject('events'), schema: { type: 'struct', fields: [{ id: 1, name: 'id', type: 'long', required: true }] },
    } } },
  });
  return { lake, table };
}

function service(stack, vpc, database) {
  const balancer = new elb.ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: false });
  const listener = balancer.addListener('Http', { port: 80, open: false, defaultAction: elb.ListenerAction.fixedResponse(404) });
  const zone = new route53.PrivateHostedZone(stack, 'Zone', { vpc, zoneName: 'platform.internal' });
  new route53.ARecord(stack, 'Record', { zone, recordName: 'echo', target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(balancer)) });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true });
  const definition = new ecs.FargateTaskDefinition(stack, 'Task', { cpu: 256, memoryLimitMiB: 512 });
  definition.addContainer('main', {
    image: ecs.ContainerImage.fromRegistry(image), command: ['python', '-c', process.env.PROGRAM], portMappings: [{ containerPort: 8080 }],
    environment: { ML_DATABASE_HOST: database.dbInstanceEndpointAddress, ML_DATABASE_PORT: database.dbInstanceEndpointPort },
    secrets: { ML_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(database.secret, 'password') },
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'echo', logRetention: undefined, logGroup: new logs.LogGroup(stack, 'Logs') }),
  });
  const fargate = new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: definition, desiredCount: 1, minHealthyPercent: 100, circuitBreaker: { rollback: true } });
  const group = listener.addTargets('Target', { port: 8080, protocol: elb.ApplicationProtocol.HTTP, targets: [fargate], priority: 10, conditions: [elb.ListenerCondition.hostHeaders(['echo.platform.internal'])], healthCheck: { path: '/health' } });
  const scaling = fargate.autoScaleTaskCount({ maxCapacity: 4 });
  scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
  scaling.scaleOnRequestCount('Requests', { requestsPerTarget: 100, targetGroup: group });
  database.connections.allowDefaultPortFrom(fargate);
  return { fargate, group, balancer };
}

function alarms(stack, { fargate, group, balancer }, key) {
  const topic = new sns.Topic(stack, 'Topic', { masterKey: key });
  const cpu = fargate.metricCpuUtilization().createAlarm(stack, 'Cpu', { threshold: 90, evaluationPeriods: 3 });
  cpu.addAlarmAction(new actions.SnsAction(topic));
  new cloudwatch.MathExpression({ expression: 'e / MAX([r, 1])', usingMetrics: { e: group.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT), r: balancer.metrics.requestCount() } })
    .createAlarm(stack, 'Errors', { threshold: 0.05, evaluationPeriods: 3 });
  new cloudwatch.CompositeAlarm(stack, 'Composite', { alarmRule: cloudwatch.AlarmRule.fromAlarm(cpu, cloudwatch.AlarmState.ALARM) });
  const bus = new events.EventBus(stack, 'Bus', { eventBusName: 'ml-platform' });
  bus.archive('Archive', { eventPattern: { source: ['ml-platform.lifecycle'] }, retention: Duration.days(30) });
  new sqs.Queue(stack, 'Queue', { enforceSSL: true });
  new ssm.StringParameter(stack, 'Parameter', { parameterName: '/platform/topic', stringValue: topic.topicArn });
}

function drain(stack) {
  const handler = (id, name) => new lambda.Function(stack, id, {
    runtime: lambda.Runtime.PYTHON_3_13, handler: `index.${name}`, timeout: Duration.minutes(1),
    code: lambda.Code.fromInline([
      'import os, tempfile, pathlib',
      'def on_event(event, context):',
      '    return {"PhysicalResourceId": "drain", "Data": {"Begun": event["RequestType"]}}',
      'def is_complete(event, context):',
      '    mark = pathlib.Path(os.environ["TMPDIR"], "drain-" + event["RequestType"])',
      '    mark.write_text(mark.read_text() + "." if mark.exists() else ".")',
      '    done = len(mark.read_text()) > 1',
      '    return {"IsComplete": done, "Data": {"Tries": str(len(mark.read_text()))}} if done else {"IsComplete": False}',
    ].join('\n')),
  });
  const provider = new custom_resources.Provider(stack, 'Provider', { onEventHandler: handler('OnEvent', 'on_event'), isCompleteHandler: handler('IsComplete', 'is_complete'), queryInterval: Duration.seconds(1), totalTimeout: Duration.minutes(2) });
  return new CustomResource(stack, 'Drain', { serviceToken: provider.serviceToken, resourceType: 'Custom::Drain' });
}

function kubernetes(stack, vpc) {
  const cluster = new eks.Cluster(stack, 'Eks', {
    vpc, version: eks.KubernetesVersion.V1_33, defaultCapacityType: eks.DefaultCapacityType.NODEGROUP, defaultCapacity: 0,
    endpointAccess: eks.EndpointAccess.PRIVATE, secretsEncryptionKey: new kms.Key(stack, 'EksKey'),
    kubectlProviderOptions: { kubectlLayer: new lambda.LayerVersion(stack, 'Kubectl', { code: lambda.Code.fromAsset(chart) }) },
  });
  cluster.addNodegroupCapacity('System', { minSize: 1, maxSize: 2 });
  new eks.Addon(stack, 'PodIdentity', { cluster, addonName: 'eks-pod-identity-agent', addonVersion: 'v1.3.4-eksbuild.1' });
  const role = new iam.Role(stack, 'PodRole', { assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com') });
  new eks.CfnPodIdentityAssociation(stack, 'Association', { clusterName: cluster.clusterName, namespace: 'ml', serviceAccount: 'trainer', roleArn: role.roleArn });
  new eks.AccessEntry(stack, 'Entry', { cluster, principal: role.roleArn, accessPolicies: [eks.AccessPolicy.fromAccessPolicyName('AmazonEKSViewPolicy', { accessScopeType: eks.AccessScopeType.CLUSTER })] });
  new eks.HelmChart(stack, 'Own', { cluster, chartAsset: new assets.Asset(stack, 'Chart', { path: chart }), release: 'own', namespace: 'ml', values: { greeting: role.roleName } });
  new eks.HelmChart(stack, 'Remote', { cluster, chart: 'cert-manager', repository: 'https://charts.example.com', version: '1.19.0', release: 'cert-manager', namespace: 'cert-manager' });
  const map = new eks.KubernetesManifest(stack, 'Map', { cluster, overwrite: true, manifest: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-cdk', namespace: 'default' }, data: { role: role.roleArn } }] });
  const patch = new eks.KubernetesPatch(stack, 'Patch', { cluster, resourceName: 'configmap/from-cdk', applyPatch: { data: { patched: 'yes' } }, restorePatch: { data: { patched: 'no' } } });
  patch.node.addDependency(map);
  const value = new eks.KubernetesObjectValue(stack, 'Value', { cluster, objectType: 'configmap', objectName: 'from-cdk', jsonPath: '.data.patched', timeout: Duration.seconds(20) });
  value.node.addDependency(patch);
  new CfnOutput(stack, 'Patched', { value: value.value });
  new CfnOutput(stack, 'Endpoint', { value: cluster.clusterEndpoint });
}

const stack = new Stack(app, 'Platform', { env });
const key = new kms.Key(stack, 'Key', { enableKeyRotation: true });
const vpc = network(stack);
const { lake } = data(stack, key);
const database = new rds.DatabaseInstance(stack, 'Postgres', { engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }), vpc, databaseName: 'mlflow', removalPolicy: RemovalPolicy.DESTROY, parameters: { 'rds.force_ssl': '1' } });
alarms(stack, service(stack, vpc, database), key);
new CfnOutput(stack, 'LakeName', { value: lake.bucketName });
new CfnOutput(stack, 'Begun', { value: drain(stack).getAttString('Tries') });
kubernetes(new Stack(app, 'Kubernetes', { env }), vpc);
app.synth();
