import { faultsOf } from './support';
import { Faults } from '../../lib/core/private/faults';
import { parseBlock } from '../../lib/network/blueprint/cidr';
import { InterfaceEndpoint } from '../../lib/network/blueprint/interface-endpoint';
import { network, NetworkInput } from '../../lib/network/blueprint/network';

function plan(input: NetworkInput = {}) {
  const faults = Faults.at('Platform/Network');
  const decided = network(faults, input);
  faults.throwIfAny();
  return decided;
}

describe('the address plan', () => {
  test('leaves room for four zones in the default block', () => {
    expect(plan().subnets.map(({ group, zone, cidr }) => `${group} ${zone} ${cidr}`)).toEqual([
      'Public 0 10.0.0.0/24', 'Public 1 10.0.1.0/24', 'Private 0 10.0.32.0/19', 'Private 1 10.0.64.0/19',
    ]);
  });

  test('does not move a subnet when zones are added', () => {
    const [two, four] = [plan(), plan({ availabilityZones: 4 })].map(({ subnets }) => subnets.map(({ cidr }) => cidr));
    expect(four).toHaveLength(8);
    expect(four).toEqual(expect.arrayContaining(two as string[]));
  });

  test.each(['10.0.0.0/16', '10.4.0.0/18', '172.31.0.0/20', '192.168.4.0/22'])('of %s stays inside the block and never overlaps', (cidr) => {
    const block = parseBlock(cidr) as { address: number; mask: number };
    const ranges = plan({ cidr, availabilityZones: 4 }).subnets.map((subnet) => parseBlock(subnet.cidr) as { address: number; mask: number })
      .map(({ address, mask }) => [address, address + 2 ** (32 - mask)] as const).sort(([a], [b]) => a - b);
    expect(ranges[0]?.[0]).toBe(block.address);
    expect(ranges.at(-1)?.[1]).toBeLessThanOrEqual(block.address + 2 ** (32 - block.mask));
    ranges.slice(1).forEach(([first], index) => expect(first).toBeGreaterThanOrEqual((ranges[index] as readonly [number, number])[1]));
  });

  test.each([
    ['10.0.0.0/23', 'invalid-cidr', 'has a mask of 23, allowed are 16 to 22: smaller blocks do not hold 4 zones'],
    ['10.0.0.0/8', 'invalid-cidr', 'has a mask of 8, allowed are 16 to 22: smaller blocks do not hold 4 zones'],
    ['10.0.0.1/16', 'invalid-cidr', 'is not an IPv4 block whose host bits are zero'],
    ['10.0.0/16', 'invalid-cidr', 'is not an IPv4 block whose host bits are zero'],
    ['10.256.0.0/16', 'invalid-cidr', 'is not an IPv4 block whose host bits are zero'],
    ['8.8.0.0/16', 'public-cidr', 'is not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10'],
    ['172.32.0.0/16', 'public-cidr', 'is not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10'],
  ])('refuses %s', (cidr, code, reason) => {
    expect(faultsOf(() => plan({ cidr }))).toEqual([`[${code}] cidr '${cidr}' ${reason}; use a private block such as '10.0.0.0/16'`]);
  });
});

describe('endpoints', () => {
  test('for S3 and DynamoDB are always there, others only when asked', () => {
    expect(plan().gatewayEndpoints).toEqual(['s3', 'dynamodb']);
    expect(plan().interfaceEndpoints).toEqual([]);
    expect(plan({ interfaceEndpoints: [InterfaceEndpoint.LOGS, InterfaceEndpoint.of('ecr.api')] }).interfaceEndpoints).toEqual(['ecr.api', 'logs']);
  });

  test('are priced: AWS asks 0.01 USD an hour for each in each zone', () => {
    const { interfaceEndpointCostPerMonth } = plan({ availabilityZones: 3, interfaceEndpoints: [InterfaceEndpoint.LOGS, InterfaceEndpoint.STS] });
    expect(interfaceEndpointCostPerMonth).toBe(2 * 3 * 0.01 * 730);
    expect(plan().interfaceEndpointCostPerMonth).toBe(0);
  });

  test('asked for twice, or free of charge already, are refused', () => {
    expect(faultsOf(() => plan({ interfaceEndpoints: [InterfaceEndpoint.STS, InterfaceEndpoint.of('sts'), InterfaceEndpoint.of('s3')] }))).toEqual([
      '[duplicate-interface-endpoints] interfaceEndpoints names \'sts\' more than once; keep one of them',
      '[needless-interface-endpoint] interfaceEndpoints names \'s3\', which has a gateway endpoint free of charge; remove it',
    ]);
  });

  test('with a name that cannot be are refused, with a suggestion', () => {
    expect(faultsOf(() => InterfaceEndpoint.of('com.amazonaws.eu-central-1.ecr.api'))).toEqual([
      '[invalid-interface-endpoint] shortName \'com.amazonaws.eu-central-1.ecr.api\' is not the short name of an endpoint; '
      + 'use lower-case letters, digits, dots and hyphens such as \'ecr.api\', perhaps \'ecr.api\'',
    ]);
    expect(faultsOf(() => InterfaceEndpoint.of('EKS_AUTH'))[0]).toContain('perhaps \'eks-auth\'');
  });
});

describe('zones and NAT gateways', () => {
  test('default to two and one', () => {
    expect(plan()).toMatchObject({ availabilityZones: 2, natGateways: 1, routesOut: true });
  });

  test('without a NAT gateway there is no route out', () => {
    expect(plan({ natGateways: 0 }).routesOut).toBe(false);
  });

  test('out of range are refused together', () => {
    expect(faultsOf(() => plan({ availabilityZones: 1, natGateways: 3 }))).toEqual([
      '[invalid-availability-zones] availabilityZones 1 is not a whole number from 2 to 4 zones; use a value in that range',
      '[invalid-nat-gateways] natGateways 3 is not a whole number from 0 to 1 gateways, one in each zone; use a value in that range',
    ]);
  });
});
