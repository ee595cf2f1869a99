import { isPrivate, parseBlock, renderBlock, sizeOf } from './cidr';
import type { InterfaceEndpoint } from './interface-endpoint';
import { checkInteger, checkLiteral, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** What a user may say about a network, in every engine. */
export interface NetworkInput {
  readonly cidr?: string;
  readonly availabilityZones?: number;
  readonly natGateways?: number;
  readonly interfaceEndpoints?: InterfaceEndpoint[];
}

/** One subnet, decided. */
export interface SubnetBlueprint {
  /** `Public` or `Private`. */
  readonly group: string;
  /** Index of the Availability Zone, from 0. */
  readonly zone: number;
  readonly cidr: string;
  readonly tags: { [key: string]: string };
}

/** A network, decided. */
export interface NetworkBlueprint {
  readonly cidr: string;
  readonly availabilityZones: number;
  /** Zones that have addresses kept free, so that zones can be added without moving a subnet. */
  readonly reservedZones: number;
  readonly natGateways: number;
  readonly routesOut: boolean;
  readonly publicMask: number;
  readonly privateMask: number;
  readonly publicTags: { [key: string]: string };
  readonly privateTags: { [key: string]: string };
  readonly subnets: SubnetBlueprint[];
  /** Gateway endpoints cost nothing: always there. */
  readonly gatewayEndpoints: string[];
  readonly interfaceEndpoints: string[];
  /** USD a month in us-east-1, without data. */
  readonly interfaceEndpointCostPerMonth: number;
}

/** Zones that the address plan has room for. */
export const MAX_ZONES = 4;

/**
 * USD for one interface endpoint in one zone and month of 730 hours, us-east-1, November 2026.
 *
 * @see https://aws.amazon.com/privatelink/pricing/
 */
export const ENDPOINT_USD_PER_ZONE_MONTH = 7.3;

/** Load balancers of a cluster find their subnets by these: set from the start, so that adding a cluster changes nothing. */
const PUBLIC_TAGS = { 'kubernetes.io/role/elb': '1' };
const PRIVATE_TAGS = { 'kubernetes.io/role/internal-elb': '1' };

/** Decides on a network; the engine creates what this says. */
export function network(faults: Faults, input: NetworkInput): NetworkBlueprint {
  const cidr = input.cidr ?? '10.0.0.0/16';
  const zones = input.availabilityZones ?? 2;
  const natGateways = input.natGateways ?? 1;
  checkLiteral(faults, 'availabilityZones', input.availabilityZones);
  checkInteger(faults, 'availabilityZones', input.availabilityZones, { min: 2, max: MAX_ZONES, unit: 'zones' });
  checkLiteral(faults, 'natGateways', input.natGateways);
  checkInteger(faults, 'natGateways', input.natGateways, { min: 0, max: Math.max(zones, 0) || 0, unit: 'gateways, one in each zone' });
  const mask = checkCidr(faults, cidr);
  const names = (input.interfaceEndpoints ?? []).map((endpoint) => endpoint.shortName);
  checkUnique(faults, 'interfaceEndpoints', names);
  for (const name of names.filter((candidate) => candidate === 's3' || candidate === 'dynamodb')) {
    faults.add('needless-interface-endpoint', `interfaceEndpoints names ${show(name)}, which has a gateway endpoint free of charge; remove it`);
  }
  const privateMask = mask + 3;
  const publicMask = Math.min(mask + 8, 27);
  return {
    cidr, natGateways, publicMask, privateMask,
    availabilityZones: zones,
    reservedZones: MAX_ZONES - zones,
    routesOut: natGateways > 0,
    publicTags: PUBLIC_TAGS,
    privateTags: PRIVATE_TAGS,
    subnets: faults.ok ? subnets(cidr, zones, publicMask, privateMask) : [],
    gatewayEndpoints: ['s3', 'dynamodb'],
    interfaceEndpoints: [...names].sort(),
    interfaceEndpointCostPerMonth: Math.round(names.length * zones * ENDPOINT_USD_PER_ZONE_MONTH * 100) / 100,
  };
}

/** Mask of the block, or that of the default if the block is wrong. */
function checkCidr(faults: Faults, cidr: string): number {
  if (!checkLiteral(faults, 'cidr', cidr) || isUnresolved(cidr)) return 16;
  const block = typeof cidr === 'string' ? parseBlock(cidr) : undefined;
  const next = 'use a private block such as \'10.0.0.0/16\'';
  if (!faults.check(block !== undefined, 'invalid-cidr', `cidr ${show(cidr)} is not an IPv4 block whose host bits are zero; ${next}`) || !block) return 16;
  faults.check(block.mask >= 16 && block.mask <= 22, 'invalid-cidr',
    `cidr ${show(cidr)} has a mask of ${block.mask}, allowed are 16 to 22: smaller blocks do not hold ${MAX_ZONES} zones; ${next}`);
  faults.check(isPrivate(block), 'public-cidr',
    `cidr ${show(cidr)} is not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10; ${next}`);
  return block.mask;
}

/** Public subnets first, then private ones, each group with room for all zones: the order in which AWS CDK's VPC hands out addresses. */
function subnets(cidr: string, zones: number, publicMask: number, privateMask: number): SubnetBlueprint[] {
  const start = parseBlock(cidr)?.address ?? 0;
  const publicEnd = start + MAX_ZONES * sizeOf(publicMask);
  const privateStart = Math.ceil(publicEnd / sizeOf(privateMask)) * sizeOf(privateMask);
  const groups = [
    { group: 'Public', first: start, mask: publicMask, tags: PUBLIC_TAGS },
    { group: 'Private', first: privateStart, mask: privateMask, tags: PRIVATE_TAGS },
  ];
  return groups.flatMap(({ group, first, mask, tags }) => Array.from({ length: zones }, (_, zone) => ({
    group, zone, tags, cidr: renderBlock({ address: first + zone * sizeOf(mask), mask }),
  })));
}
