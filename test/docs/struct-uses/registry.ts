import { SecretValue, type Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { registryServerOn, template, theirs } from './support';
import * as platform from '../../../lib';
import { image } from '../../network/support';
import type { StructUses } from '../literal-faults';

const { network, registry } = platform;
const { RegistryAuth, RegistryDatabase } = registry;

const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';
const CLAIM: platform.registry.MachineClaim = { name: 'client_id', values: ['training'] };
const ISSUER = 'https://login.example.com';
const OIDC: platform.registry.OidcLoginOptions = {
  issuer: ISSUER, authorizationEndpoint: `${ISSUER}/authorize`, tokenEndpoint: `${ISSUER}/token`, userInfoEndpoint: `${ISSUER}/me`,
  jwksEndpoint: `${ISSUER}/keys`, clientId: 'registry', clientSecret: SecretValue.secretsManager('provider'), machineClaims: [CLAIM],
};

/** A registry behind a certificate, so that people and machines may log in. */
function guarded(stack: Stack, props: Partial<platform.registry.ModelRegistryProps>): void {
  const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
  const net = new network.MlNetwork(stack, 'Network', { loadBalancer: { certificate } });
  new registry.ModelRegistry(stack, 'Models', { network: net, image, ...props });
}

/** Whether passwords may travel without TLS: told, since no template shows it. */
function overHttp(stack: Stack, plainHttp?: boolean): string {
  try {
    new registry.ModelRegistry(stack, 'Plain', { network: new network.MlNetwork(stack, 'PlainNetwork'), image, auth: RegistryAuth.basic({ plainHttp }) });
    return 'made';
  } catch (error) {
    return (error as Error).message;
  }
}

function cognitoLogin(stack: Stack, given: Partial<platform.registry.CognitoLoginOptions>): platform.registry.RegistryAuth {
  return RegistryAuth.cognito({
    userPool: cognito.UserPool.fromUserPoolId(stack, 'Pool', 'eu-west-1_abc'),
    userPoolClient: cognito.UserPoolClient.fromUserPoolClientId(stack, 'Client', 'client'),
    userPoolDomain: cognito.UserPoolDomain.fromDomainName(stack, 'Domain', 'company'),
    machineClaims: [CLAIM],
    ...given,
  });
}

/** What is made from structs of the registry's login. */
export const REGISTRY_USES: StructUses = {
  'registry.BasicLoginOptions': template<platform.registry.BasicLoginOptions>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.basic(given) });
    return overHttp(stack, given.plainHttp);
  }),
  'registry.OidcLoginOptions': template<platform.registry.OidcLoginOptions>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.oidc({ ...OIDC, ...given }) });
  }),
  'registry.CognitoLoginOptions': template<platform.registry.CognitoLoginOptions>((stack, given) => {
    guarded(stack, { auth: cognitoLogin(stack, given) });
  }),
  'registry.AuroraServerlessOptions': template<platform.registry.AuroraServerlessOptions>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.none(), database: RegistryDatabase.auroraServerless(given) });
  }),
  'registry.DatabaseSecretOptions': template<platform.registry.DatabaseSecretOptions>((stack, given) => {
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0');
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shared/mlflow');
    guarded(stack, { auth: RegistryAuth.none(), database: RegistryDatabase.fromSecret(secret, { securityGroup, ...given }) });
  }),
  'registry.AliasCheckOptions': template<platform.registry.AliasCheckOptions>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.none(), aliasCheck: given });
  }),
  'registry.ClusterServerOptions': template<platform.registry.ClusterServerOptions>((stack, given) => {
    const eks = theirs(stack);
    new registry.ModelRegistry(stack, 'Models', {
      network: eks.network, auth: RegistryAuth.none(), metrics: given.prometheus && {},
      server: registryServerOn(eks, given),
    });
  }),
  'registry.RegistryMetricsOptions': template<platform.registry.RegistryMetricsOptions>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.none(), metrics: given });
  }),
  'registry.SageMakerMlflowRegistryProps': template<platform.registry.SageMakerMlflowRegistryProps>((stack, given) => {
    new registry.SageMakerMlflowRegistry(stack, 'Models', given);
  }),
  'registry.MachineClaim': template<platform.registry.MachineClaim>((stack, given) => {
    guarded(stack, { auth: RegistryAuth.oidc({ ...OIDC, machineClaims: [{ ...CLAIM, ...given }] }) });
  }),
};
