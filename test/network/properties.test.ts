import { App, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { image } from './support';
import { Faults } from '../../lib/core/private/faults';
import { isValidationError } from '../../lib/core/private/validation-error';
import { InterfaceEndpoint, InternalLoadBalancerOptions, InternalService, InternalServiceProps, MlNetwork, MlNetworkProps } from '../../lib/network';
import { parseBlock } from '../../lib/network/blueprint/cidr';
import { internalService, InternalServiceInput } from '../../lib/network/blueprint/internal-service';
import { network, NetworkInput } from '../../lib/network/blueprint/network';

const TOKEN = Token.asString({ Ref: 'Parameter' });
const NUMBER_TOKEN = Token.asNumber({ Ref: 'Parameter' });

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
/** Mostly a sensible value, now and then anything. */
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>) => fc.oneof({ weight: 25, arbitrary: good }, { weight: 1, arbitrary: bad });
const oddNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -0, NUMBER_TOKEN));
const oddText = fc.oneof(fc.string(), fc.constantFrom('', TOKEN, '__proto__', 'a'.repeat(300)));
const number = (min: number, max: number) => mostly(fc.integer({ min, max }), oddNumber);
const oddDuration = fc.oneof(fc.integer({ min: 0, max: 10_000_000 }).map(Duration.millis), fc.constant(Duration.seconds(Lazy.number({ produce: () => 3 }))));
const seconds = (min: number, max: number) => mostly(fc.integer({ min, max }).map(Duration.seconds), oddDuration);

const endpoint = fc.constantFrom(InterfaceEndpoint.STS, InterfaceEndpoint.LOGS, InterfaceEndpoint.ECR_API, InterfaceEndpoint.ECR_DKR, InterfaceEndpoint.of('s3'));
const networkInput: fc.Arbitrary<NetworkInput> = fc.record({
  cidr: maybe(mostly(
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 15, max: 23 })).map(([second, mask]) => `10.${second}.0.0/${mask}`),
    fc.oneof(oddText, fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 40 })).map(([address, mask]) => `${address}/${mask}`)),
  )),
  availabilityZones: maybe(number(2, 4)),
  natGateways: maybe(number(0, 3)),
  interfaceEndpoints: maybe(fc.array(endpoint, { maxLength: 3 })),
}, { requiredKeys: [] });

const path = mostly(fc.constantFrom('/health', '/', '/v2/health/ready'), oddText);
const key = mostly(fc.constantFrom('A', 'B_1', 'ML_PORT'), oddText);
const serviceInput = fc.record({
  hostName: mostly(fc.constantFrom('registry', 'a', 'x-1'), oddText),
  port: maybe(number(1, 65_535)),
  command: maybe(fc.array(fc.string(), { maxLength: 3 })),
  environment: maybe(fc.dictionary(key, fc.string(), { maxKeys: 3 })),
  cpu: maybe(mostly(fc.constantFrom(256, 512, 1024, 16384), oddNumber)),
  memoryLimitMiB: maybe(mostly(fc.constantFrom(512, 1024, 2048, 4096, 32768), oddNumber)),
  ephemeralStorageGiB: maybe(number(21, 200)),
  user: maybe(mostly(fc.constantFrom('root', '1000', 'app:app'), oddText)),
  desiredCount: maybe(number(0, 10)),
  scaling: maybe(fc.record({
    minTasks: maybe(number(1, 5)), maxTasks: number(1, 9), targetCpuPercent: maybe(number(10, 95)), targetRequestsPerMinute: maybe(number(1, 1_000)),
  })),
  healthCheck: maybe(fc.record({
    path: maybe(path), interval: maybe(seconds(5, 300)), timeout: maybe(seconds(2, 6)), healthyThreshold: maybe(number(2, 10)),
    unhealthyThreshold: maybe(number(2, 10)), gracePeriod: maybe(seconds(0, 7200)),
  })),
  alarmThresholds: maybe(fc.record({ errorPercent: maybe(number(1, 100)), latencyP99: maybe(seconds(1, 3600)), minRequests: maybe(number(1, 1_000)) })),
  deregistrationDelay: maybe(seconds(0, 3600)),
  listenerPriority: maybe(number(1, 50_000)),
}) as fc.Arbitrary<Omit<InternalServiceInput, 'domainName' | 'protocol'>>;

test('2,000 random networks are either refused or have subnets that lie in their block', () => {
  let accepted = 0;
  fc.assert(fc.property(networkInput, (input) => {
    const faults = Faults.at('Network');
    const plan = network(faults, input);
    if (!faults.ok) return;
    accepted++;
    const outer = parseBlock(plan.cidr) as { address: number; mask: number };
    for (const subnet of plan.subnets) {
      const inner = parseBlock(subnet.cidr) as { address: number; mask: number };
      expect(inner.address).toBeGreaterThanOrEqual(outer.address);
      expect(inner.address + 2 ** (32 - inner.mask)).toBeLessThanOrEqual(outer.address + 2 ** (32 - outer.mask));
    }
    expect(plan.subnets).toHaveLength(2 * plan.availabilityZones);
  }), { numRuns: 2_000, seed: 1 });
  expect(accepted).toBeGreaterThan(300);
});

test('2,000 random services are either refused or decided without a hole', () => {
  let accepted = 0;
  fc.assert(fc.property(serviceInput, (input) => {
    const faults = Faults.at('Service');
    const plan = internalService(faults, { ...input, domainName: 'ml.internal', protocol: 'http' });
    if (!faults.ok) return;
    accepted++;
    const checks = Object.values(plan.healthCheck).filter((entry) => typeof entry === 'number');
    for (const value of [plan.port, plan.cpu, plan.memoryLimitMiB, plan.listenerPriority, plan.deregistrationDelaySeconds, ...checks]) {
      expect(Number.isInteger(value)).toBe(true);
    }
    expect((plan.desiredCount === undefined) !== (plan.scaling === undefined)).toBe(true);
  }), { numRuns: 2_000, seed: 1 });
  expect(accepted).toBeGreaterThan(300);
});

const balancer = fc.record({
  domainName: maybe(mostly(fc.constantFrom('ml.internal', 'ml.example.com'), oddText)),
  accessLogs: maybe(fc.boolean()),
  deletionProtection: maybe(fc.boolean()),
  idleTimeout: maybe(seconds(1, 4000)),
}, { requiredKeys: [] }) as fc.Arbitrary<InternalLoadBalancerOptions>;

test('50 random networks, load balancers and services are either synthesised or refused with a ValidationError', () => {
  let made = 0;
  fc.assert(fc.property(networkInput, balancer, serviceInput, (networkProps, loadBalancer, { secretNames, ...serviceProps }) => {
    void secretNames;
    const app = new App();
    const stack = new Stack(app, 'Platform');
    const plain = new MlNetwork(stack, 'Plain');
    for (const make of [
      () => new MlNetwork(stack, 'Network', { ...networkProps, loadBalancer } as MlNetworkProps).loadBalancer,
      () => new InternalService(stack, 'Service', { ...serviceProps, image, network: plain } as InternalServiceProps),
    ]) {
      try {
        make();
        made++;
      } catch (error) {
        if (!isValidationError(error)) throw error;
      }
    }
    app.synth();
  }), { numRuns: 50, seed: 1 });
  expect(made).toBeGreaterThan(20);
}, 180_000);
