import { App, Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Faults } from '../../lib/core/private/faults';
import { InterfaceEndpoint } from '../../lib/network/blueprint/interface-endpoint';
import { MlNetwork, type MlNetworkProps } from '../../lib/network/ml-network';
import { basicLogin, browserLogin } from '../../lib/registry/blueprint/auth';
import { ClaimFormat } from '../../lib/registry/blueprint/claim-format';
import { RegistryPermission } from '../../lib/registry/blueprint/registry-permission';
import { ModelRegistry, type ModelRegistryProps } from '../../lib/registry/model-registry';
import { type OidcLoginOptions, RegistryAuth } from '../../lib/registry/registry-auth';
import { nag, validate } from '../conformance/cloudformation-oracles';

const image = ecs.ContainerImage.fromRegistry('example.com/mlflow:1');
const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';
const ISSUER = 'https://login.example.com';
const PROVIDER: OidcLoginOptions = {
  issuer: ISSUER,
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  userInfoEndpoint: `${ISSUER}/me`,
  jwksEndpoint: `${ISSUER}/keys`,
  clientId: 'registry',
  clientSecret: SecretValue.secretsManager('provider', { jsonField: 'secret' }),
  machineClaims: [{ name: 'client_id', values: ['training'] }],
};

function make(props: Partial<ModelRegistryProps> = {}, { https = true, ...network }: MlNetworkProps & { https?: boolean } = {}) {
  const app = new App();
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const certificate = https ? acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE) : undefined;
  const net = new MlNetwork(stack, 'Network', { loadBalancer: { certificate, domainName: 'ml.example.com' }, ...network });
  const registry = new ModelRegistry(stack, 'Models', { network: net, image, ...props });
  return { app, stack, registry, template: () => Template.fromStack(stack) };
}

function rules(template: Template) {
  return Object.values(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule')).map(({ Properties }) => Properties as {
    Priority: number; Conditions: { Field: string }[]; Actions: Record<string, unknown>[];
  });
}

describe('a registry behind a certificate', () => {
  const { stack, registry, template } = make();

  test('asks for a password without being told to', () => {
    template().hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({
        Command: ['python', '-m', 'ml_platform_runtime', 'registry-server'],
        Environment: Match.arrayWith([{ Name: 'ML_REGISTRY_AUTH', Value: 'basic' }, { Name: 'ML_AUTH_DEFAULT_PERMISSION', Value: 'EDIT' }]),
        Secrets: Match.arrayWith(['ML_AUTH_ADMIN_USER', 'ML_AUTH_ADMIN_PASSWORD', 'ML_AUTH_MACHINE_USER', 'ML_AUTH_MACHINE_PASSWORD', 'ML_AUTH_SECRET_KEY']
          .map((Name) => Match.objectLike({ Name }))),
      })],
    });
    expect(registry.trackingUri).toBe('https://mlflow.ml.example.com');
  });

  test('generates its secrets once and keeps them when the stack goes', () => {
    const secrets = Object.entries(template().findResources('AWS::SecretsManager::Secret')).filter(([id]) => !id.includes('Database'));
    expect(secrets.map(([, { Properties, DeletionPolicy }]) => [Properties.GenerateSecretString.SecretStringTemplate, DeletionPolicy])).toEqual([
      ['{"username":"admin"}', 'Retain'], ['{"username":"machines"}', 'Retain'], [undefined, 'Retain'],
    ]);
    // a changed secret string would be a new password: nothing of it is set by the template
    for (const [, { Properties }] of secrets) expect(Properties).not.toHaveProperty('SecretString');
  });

  test('rotates the logins every 90 days by a task that may change these two secrets only', () => {
    template().hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(90 days)', State: 'ENABLED' });
    const [task] = Object.values(template().findResources('AWS::ECS::TaskDefinition', { Properties: { Cpu: '256' } }));
    const words = (task?.Properties.ContainerDefinitions[0].Command as unknown[]);
    expect(words.slice(0, 4)).toEqual(['python', '-m', 'ml_platform_runtime', 'registry-rotate']);
    expect([words[4], words[6], words[8]]).toEqual(['--secret', '--secret', '--admin-secret']);
    expect([words[5], words[7], words[9]]).toEqual([registry.machineLogin, registry.adminLogin, registry.adminLogin].map((one) => stack.resolve(one?.secretArn)));
    const policies = Object.values(template().findResources('AWS::IAM::Policy', { Properties: { PolicyName: Match.stringLikeRegexp('RotationTaskDefinitionTaskRole') } }));
    expect(policies).toHaveLength(1);
    const statements = policies[0]?.Properties.PolicyDocument.Statement as { Action: string[]; Resource: unknown }[];
    expect([...new Set(statements.flatMap(({ Action }) => Action))].sort()).toEqual([
      'secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecret',
      'secretsmanager:UpdateSecretVersionStage',
    ]);
    const resources = [registry.machineLogin, registry.adminLogin].map((one) => stack.resolve(one?.secretArn));
    for (const { Resource } of statements) expect(resources).toContainEqual(Resource);
  });

  test('tells when a rotation failed', () => {
    expect(registry.alarms.map(({ node }) => node.path)).toContain('Stack/Models/Rotation/FailedAlarm');
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 0, Metrics: Match.arrayWith(['ExecutionsFailed', 'ExecutionsTimedOut'].map((MetricName) => Match.objectLike({
        MetricStat: Match.objectLike({ Metric: Match.objectLike({ Namespace: 'AWS/States', MetricName }) }),
      }))),
    });
  });

  test('gives jobs their login by reference, and a role the right to read it', () => {
    const { app, stack: home, registry: models } = make();
    const { variables, secrets } = models.clientEnvironment();
    expect(variables).toEqual({ MLFLOW_TRACKING_URI: 'https://mlflow.ml.example.com', MLFLOW_DISABLE_TELEMETRY: 'true' });
    expect(Object.keys(secrets)).toEqual(['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD']);
    const scope = new Stack(app, 'Jobs', { env: { account: home.account, region: home.region } });
    const job = new ecs.FargateTaskDefinition(scope, 'Job');
    job.addContainer('Job', { image, environment: variables, secrets });
    models.grants.login(new iam.Role(scope, 'Notebook', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') }));
    const jobs = Template.fromStack(scope);
    expect(JSON.stringify(jobs.findResources('AWS::ECS::TaskDefinition'))).toContain(':password::');
    const granted = Object.values(jobs.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: unknown }[]);
    expect(granted.map(({ Action }) => Action)).toEqual([
      ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
    ]);
  });

  test('is what CloudFormation takes and what cdk-nag has nothing to say about', () => {
    expect(validate(make().app)).toEqual([]);
    expect(nag(make().app).filter(({ where }) => where.includes('Models'))).toEqual([]);
  }, 60_000);
});

describe('MLflow\'s own login', () => {
  test('takes every choice', () => {
    const { template, registry } = make({ auth: RegistryAuth.basic({ defaultPermission: RegistryPermission.READ, rotateEvery: Duration.days(30) }) });
    template().hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(30 days)' });
    template().hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Environment: Match.arrayWith([{ Name: 'ML_AUTH_DEFAULT_PERMISSION', Value: 'READ' }]) })],
    });
    expect(registry.machineLogin).toBeDefined();
    make({ auth: RegistryAuth.basic({ rotation: false }) }).template().resourceCountIs('AWS::Scheduler::Schedule', 0);
  });

  test('over plain HTTP is an error, unless its owner says so', () => {
    expect(() => make({ auth: RegistryAuth.basic() }, { https: false })).toThrow(
      'ValidationError at Stack/Models [password-over-http]: auth sends passwords, and the network\'s load balancer speaks plain HTTP; '
      + 'give the network loadBalancer.certificate, or say plainHttp: true to RegistryAuth.basic');
    expect(make({ auth: RegistryAuth.basic({ plainHttp: true }) }, { https: false }).registry.machineLogin).toBeDefined();
  });

  test('refuses what cannot work', () => {
    expect(() => make({ auth: RegistryAuth.basic({ rotateEvery: Duration.hours(12) }) })).toThrow(
      'ValidationError at Stack/Models [invalid-rotate-every]: rotateEvery 0.5 is not a whole number from 1 to 365 days; use a value in that range');
    expect(() => make({ auth: RegistryAuth.basic({ rotateEvery: Duration.days(30), rotation: false }) })).toThrow(
      'ValidationError at Stack/Models [rotation-off]: rotateEvery is given, but rotation is false; remove one of the two');
    expect(() => make({ auth: RegistryAuth.basic({ defaultPermission: 'ALL' as RegistryPermission }) })).toThrow(
      "[invalid-default-permission]: defaultPermission 'ALL' is not one of 'READ', 'EDIT', 'MANAGE', 'NO_PERMISSIONS'; choose one of them");
  });

  test('goes with the data only when two keys turn', () => {
    const app = new App({ context: { 'cdk-ml-platform:allow-data-destruction': true } });
    const stack = new Stack(app, 'Stack');
    const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
    const network = new MlNetwork(stack, 'Network', { loadBalancer: { certificate } });
    new ModelRegistry(stack, 'Models', { network, image, removalPolicy: RemovalPolicy.DESTROY });
    Template.fromStack(stack).allResources('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
  });
});

describe('a registry without a certificate', () => {
  test('asks nobody, and says so', () => {
    const { stack, registry, template } = make({}, { https: false });
    Annotations.fromStack(stack).hasWarning('/Stack/Models', Match.stringLikeRegexp('whoever reaches the model registry may change it'));
    expect(registry.machineLogin).toBeUndefined();
    expect(registry.clientEnvironment().secrets).toEqual({});
    template().resourceCountIs('AWS::SecretsManager::Secret', 1);
    expect(() => registry.grants.login(new iam.AccountRootPrincipal())).toThrow(
      'ValidationError at Stack/Models [no-machine-login]: the registry has no password login; choose auth: RegistryAuth.basic(), or leave the grant out');
  });

  test('is quiet once its owner has decided', () => {
    const { stack, template } = make({ auth: RegistryAuth.none() }, { https: false });
    Annotations.fromStack(stack).hasNoWarning('/Stack/Models', Match.anyValue());
    expect(JSON.stringify(template().findResources('AWS::ECS::TaskDefinition'))).not.toContain('ML_REGISTRY_AUTH');
  });
});

describe('login at the load balancer', () => {
  test('sends browsers to the provider, and machines with a token to a rule before that', () => {
    const { template, registry } = make({ auth: RegistryAuth.oidc({ ...PROVIDER, session: Duration.hours(4), scope: 'openid email' }) });
    const [machines, people] = rules(template()).sort((one, other) => one.Priority - other.Priority);
    expect(machines?.Conditions).toEqual([
      { Field: 'host-header', HostHeaderConfig: { Values: ['mlflow.ml.example.com'] } },
      { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'Authorization', Values: ['Bearer *'] } },
    ]);
    expect(machines?.Actions).toMatchObject([
      {
        Type: 'jwt-validation', Order: 1,
        JwtValidationConfig: {
          Issuer: ISSUER, JwksEndpoint: `${ISSUER}/keys`, AdditionalClaims: [{ Name: 'client_id', Values: ['training'], Format: 'single-string' }],
        },
      },
      { Type: 'forward', Order: 2 },
    ]);
    expect(people?.Conditions).toEqual([{ Field: 'host-header', HostHeaderConfig: { Values: ['mlflow.ml.example.com'] } }]);
    expect(people?.Actions).toMatchObject([
      {
        Type: 'authenticate-oidc', Order: 1,
        AuthenticateOidcConfig: {
          Issuer: ISSUER, AuthorizationEndpoint: `${ISSUER}/authorize`, TokenEndpoint: `${ISSUER}/token`, UserInfoEndpoint: `${ISSUER}/me`,
          ClientId: 'registry', ClientSecret: '{{resolve:secretsmanager:provider:SecretString:secret::}}', Scope: 'openid email', SessionTimeout: 14_400,
          OnUnauthenticatedRequest: 'authenticate',
        },
      },
      { Type: 'forward', Order: 2 },
    ]);
    // MLflow itself asks nobody: there is no password to keep
    expect(registry.machineLogin).toBeUndefined();
    template().hasResourceProperties('AWS::EC2::SecurityGroupEgress', { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' });
  });

  test('leaves no way around it: every rule of the host name asks first', () => {
    for (const { Actions } of rules(make({ auth: RegistryAuth.oidc(PROVIDER) }).template())) {
      expect(['jwt-validation', 'authenticate-oidc']).toContain(Actions[0]?.Type);
    }
  });

  test('works with a pool of Cognito, whose keys are found by its id', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const network = new MlNetwork(stack, 'Network', { loadBalancer: { certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE) } });
    const userPool = cognito.UserPool.fromUserPoolId(stack, 'Pool', 'eu-west-1_abc');
    new ModelRegistry(stack, 'Models', {
      network, image,
      auth: RegistryAuth.cognito({
        userPool, userPoolClient: cognito.UserPoolClient.fromUserPoolClientId(stack, 'Client', 'client'),
        userPoolDomain: cognito.UserPoolDomain.fromDomainName(stack, 'Domain', 'company'),
        machineClaims: [{ name: 'scope', values: ['mlflow/write'], format: ClaimFormat.SPACE_SEPARATED_VALUES }],
      }),
    });
    const [machines, people] = rules(Template.fromStack(stack)).sort((one, other) => one.Priority - other.Priority);
    expect(machines?.Actions[0]).toMatchObject({ JwtValidationConfig: { AdditionalClaims: [{ Format: 'space-separated-values' }] } });
    const { Issuer, JwksEndpoint } = machines?.Actions[0]?.JwtValidationConfig as { Issuer: unknown; JwksEndpoint: unknown };
    expect(JSON.stringify(Issuer)).toContain('https://cognito-idp.eu-west-1.');
    expect(JSON.stringify(JwksEndpoint)).toContain('/eu-west-1_abc/.well-known/jwks.json');
    expect(people?.Actions[0]).toMatchObject({
      Type: 'authenticate-cognito',
      AuthenticateCognitoConfig: { UserPoolClientId: 'client', UserPoolDomain: 'company', SessionTimeout: 43_200, Scope: 'openid' },
    });
    expect(validate(app)).toEqual([]);
  }, 60_000);

  test('is what CloudFormation takes and what cdk-nag has nothing to say about', () => {
    const auth = RegistryAuth.oidc(PROVIDER);
    expect(validate(make({ auth }).app)).toEqual([]);
    expect(nag(make({ auth }).app).filter(({ where }) => where.includes('Models'))).toEqual([]);
  }, 60_000);

  test('refuses what cannot work, all at once', () => {
    expect(() => make({ auth: RegistryAuth.oidc({ ...PROVIDER, issuer: 'http://login', machineClaims: [], session: Duration.days(8) }), listenerPriority: 1 },
      { https: false, natGateways: 0, interfaceEndpoints: [InterfaceEndpoint.ECR_API, InterfaceEndpoint.ECR_DKR, InterfaceEndpoint.LOGS, InterfaceEndpoint.SECRETS_MANAGER] })).toThrow(
      'ValidationError at Stack/Models: 6 faults\n'
      + '  - [login-needs-https] auth logs in at the load balancer, which needs an HTTPS listener; give the network loadBalancer.certificate\n'
      + "  - [invalid-issuer] issuer 'http://login' is not allowed; use an https address of at most 256 characters\n"
      + '  - [invalid-session] session of 192 hours is not above 0 and up to 168 hours; use a duration in that range\n'
      + '  - [invalid-machine-claims] machineClaims has 0 claims, allowed are 1 to 10; name what only tokens for this registry have, for example client_id or aud\n'
      + '  - [listener-priority-too-small] listenerPriority 1 leaves no number before it for the rule that verifies tokens; use 2 or more\n'
      + '  - [no-route-to-provider] auth needs the load balancer to call the identity provider, and the network has no route out; give it natGateways: 1, or use RegistryAuth.basic()');
  });

  test('refuses claims that the load balancer would refuse', () => {
    const faults = Faults.at('test');
    const format = 'words' as ClaimFormat;
    browserLogin(faults, {
      hostName: 'm', protocol: 'https', priority: 7, issuer: ISSUER, endpoints: {}, jwksEndpoint: ISSUER,
      machineClaims: [
        { name: 'iss', values: ['x'] }, { name: 'aud', values: [] }, { name: 'b', values: ['x'], format },
        { name: 'scope', values: ['a b'], format: ClaimFormat.SPACE_SEPARATED_VALUES },
      ],
    });
    expect(() => faults.throwIfAny()).toThrow('ValidationError at test: 4 faults\n'
      + "  - [claim-checked-anyway] machineClaims 'iss' is checked by the load balancer itself; leave it out\n"
      + "  - [invalid-claim-values] machineClaims 'aud' has 0 values, allowed are 1 to 10; change values\n"
      + "  - [invalid-format-of-machine-claims-b] format of machineClaims 'b' 'words' is not one of 'single-string', 'string-array', 'space-separated-values'; choose one of them\n"
      + "  - [claim-value-with-space] machineClaims 'scope' is separated by spaces, so no value may hold one; give the words as values of their own");
  });

  test('puts the rule for machines before the one for people, whatever their host name', () => {
    for (const priority of [2, 3, 500, 50_000]) {
      const plan = browserLogin(Faults.at('test'), {
        hostName: `mlflow-${priority}`, protocol: 'https', priority, issuer: ISSUER, endpoints: {}, jwksEndpoint: ISSUER, machineClaims: [{ name: 'aud', values: ['x'] }],
      });
      expect(plan.machines.priority).toBeGreaterThanOrEqual(1);
      expect(plan.machines.priority).toBeLessThan(priority);
    }
  });
});

test('a registry that exists hands its login on', () => {
  const stack = new Stack(new App(), 'Stack');
  const machineLogin = secretsmanager.Secret.fromSecretNameV2(stack, 'Login', 'mlflow/machines');
  const registry = ModelRegistry.fromModelRegistryAttributes(stack, 'Models', { trackingUri: 'https://mlflow.example.com', machineLogin });
  expect(registry.machineLogin).toBe(machineLogin);
  expect(Object.keys(registry.clientEnvironment().secrets)).toEqual(['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD']);
  expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
});

test('the login is decided as data', () => {
  expect(basicLogin(Faults.at('test'), { protocol: 'https' })).toStrictEqual({
    environment: { ML_REGISTRY_AUTH: 'basic', ML_AUTH_DEFAULT_PERMISSION: 'EDIT' },
    adminUser: 'admin', machineUser: 'machines', passwordLength: 32, secretKeyLength: 48, rotationDays: 90,
  });
});
