import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { claimListenerRule } from '../../network/claim-listener-rule';
import type { IInternalLoadBalancer } from '../../network/interfaces';
import type { InternalService } from '../../network/internal-service';
import type { BrowserLoginBlueprint, BrowserLoginInput } from '../blueprint/auth';
import type { BrowserLoginConfig, CognitoLoginOptions, OidcLoginOptions } from '../registry-auth';

type Provider = Pick<BrowserLoginInput, 'issuer' | 'endpoints' | 'jwksEndpoint' | 'machineClaims' | 'scope' | 'sessionHours'>;

/** What the blueprint asks about the provider. */
export function providerOf(scope: Construct, { oidc, cognito }: BrowserLoginConfig): Provider {
  const options = oidc ?? cognito;
  return {
    ...oidc ? ofOidc(oidc) : ofPool(scope, cognito),
    machineClaims: options?.machineClaims ?? [],
    scope: options?.scope,
    sessionHours: options?.session?.toHours({ integral: false }),
  };
}

function ofOidc({ issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, jwksEndpoint }: OidcLoginOptions): Omit<Provider, 'machineClaims'> {
  return { issuer, endpoints: { authorizationEndpoint, tokenEndpoint, userInfoEndpoint }, jwksEndpoint };
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html */
function ofPool(scope: Construct, cognito?: CognitoLoginOptions): Omit<Provider, 'machineClaims'> {
  const { region, urlSuffix } = Stack.of(scope);
  const issuer = `https://cognito-idp.${cognito?.region ?? region}.${urlSuffix}/${cognito?.userPool.userPoolId}`;
  return { issuer, endpoints: {}, jwksEndpoint: `${issuer}/.well-known/jwks.json` };
}

/** Turns the service's own rule into one that logs browsers in, and puts one before it that verifies tokens of machines. */
export function createBrowserLogin(
  scope: Construct, server: InternalService, balancer: IInternalLoadBalancer, config: BrowserLoginConfig, plan: BrowserLoginBlueprint,
): void {
  const provider = providerOf(scope, config);
  const { machines } = plan;
  const forward = { type: 'forward', targetGroupArn: server.targetGroup.targetGroupArn, order: 2 };
  claimListenerRule(balancer, { name: `${server.hostName} with a token`, priority: machines.priority }, `${scope.node.path}/Machines`);
  const rule = new elbv2.CfnListenerRule(scope, 'Machines', {
    listenerArn: balancer.listener.listenerArn,
    priority: machines.priority,
    conditions: [
      { field: 'host-header', hostHeaderConfig: { values: [server.hostName] } },
      { field: 'http-header', httpHeaderConfig: { httpHeaderName: machines.header.name, values: machines.header.values } },
    ],
    actions: [{
      type: 'jwt-validation',
      order: 1,
      jwtValidationConfig: { issuer: provider.issuer, jwksEndpoint: provider.jwksEndpoint, additionalClaims: machines.claims },
    }, forward],
  });
  server.service.node.addDependency(rule);
  const own = server.listenerRule.node.defaultChild as elbv2.CfnListenerRule;
  own.actions = [{ ...login(config, plan), order: 1 }, forward];
  // the load balancer may call nothing outside the VPC otherwise
  new ec2.CfnSecurityGroupEgress(scope, 'ToProvider', {
    groupId: balancer.securityGroupId, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '0.0.0.0/0',
    description: 'to the identity provider of the model registry',
  });
}

function login({ oidc, cognito }: BrowserLoginConfig, plan: BrowserLoginBlueprint): Omit<elbv2.CfnListenerRule.ActionProperty, 'order'> {
  const common = { scope: plan.scope, sessionTimeout: plan.sessionSeconds, onUnauthenticatedRequest: plan.onUnauthenticatedRequest };
  if (oidc) {
    const { issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, clientId, clientSecret } = oidc;
    return {
      type: 'authenticate-oidc',
      authenticateOidcConfig: {
        ...common, issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, clientId,
        // a reference to Secrets Manager stays one in the template
        clientSecret: clientSecret.unsafeUnwrap(),
      },
    };
  }
  return {
    type: 'authenticate-cognito',
    authenticateCognitoConfig: {
      ...common,
      sessionTimeout: plan.sessionSeconds,
      userPoolArn: cognito?.userPool.userPoolArn ?? '',
      userPoolClientId: cognito?.userPoolClient.userPoolClientId ?? '',
      userPoolDomain: cognito?.userPoolDomain.domainName ?? '',
    },
  };
}
