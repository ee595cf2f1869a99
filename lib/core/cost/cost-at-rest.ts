import { type PriceTable, US_EAST_1_2026_11 } from './price-table';
import { ESTIMATORS, type Part } from './private/estimators';
import { BY_USE as USAGE, FREE as NEVER_BILLED } from './private/no-cost-at-rest';
import { Properties, type CostTemplate, type TemplateResource } from './private/template';

/** How a resource is billed. */
export enum CostKind {
  /** It costs this much while it exists. */
  AT_REST = 'at rest',
  /** It costs nothing until somebody uses it. */
  BY_USE = 'by use',
  /** It is never billed. */
  FREE = 'free',
  /** Nobody here knows. It is never counted as zero. */
  UNKNOWN = 'unknown',
}

/** One line of the bill. */
export interface CostLine {
  readonly logicalId: string;
  /** CloudFormation type. */
  readonly type: string;
  readonly kind: CostKind;
  /** What is counted, or the reason why nothing is. */
  readonly item: string;
  /** In `unit`, for one month. */
  readonly quantity: number;
  readonly unit: string;
  /** USD per unit. */
  readonly unitPrice: number;
  /** USD per month. */
  readonly monthly: number;
}

/** What a template costs while nobody uses it. */
export interface CostReport {
  readonly lines: CostLine[];
  /** USD per month of all that is known. */
  readonly monthly: number;
  /** Lines whose cost nobody here knows; `monthly` does not hold them. */
  readonly unknown: CostLine[];
}

/**
 * What a synthesized CloudFormation template costs per month while nobody uses it: hours, storage that is reserved, keys, alarms.
 * Traffic, requests and stored data come on top.
 *
 * @param prices default: us-east-1, November 2026
 */
export function costAtRest(template: CostTemplate, prices: PriceTable = US_EAST_1_2026_11): CostReport {
  const lines = Object.entries(template.Resources ?? {})
    .flatMap(([logicalId, resource]) => partsOf(logicalId, resource, template, prices).map((part) => line(logicalId, resource.Type, part)));
  return {
    lines,
    monthly: lines.reduce((sum, { monthly }) => sum + monthly, 0),
    unknown: lines.filter(({ kind }) => kind === CostKind.UNKNOWN),
  };
}

function partsOf(logicalId: string, resource: TemplateResource, template: CostTemplate, prices: PriceTable): Part[] {
  const estimate = ESTIMATORS[resource.Type];
  if (estimate !== undefined) {
    return orFree(estimate({ logicalId, properties: new Properties(resource.Properties ?? {}), template, prices }));
  }
  if (NEVER_BILLED.has(resource.Type)) return orFree([]);
  const use = resource.Type.startsWith('Custom::') ? USAGE['AWS::CloudFormation::CustomResource'] : USAGE[resource.Type];
  return [use === undefined ? { unknown: `no price for ${resource.Type}` } : { byUse: use }];
}

function orFree(parts: Part[]): Part[] {
  return parts.length > 0 ? parts : [{ item: '', quantity: 0, unit: '', unitPrice: 0 }];
}

function line(logicalId: string, type: string, part: Part): CostLine {
  const nothing = { logicalId, type, quantity: 0, unit: '', unitPrice: 0, monthly: 0 };
  if ('unknown' in part) return { ...nothing, kind: CostKind.UNKNOWN, item: part.unknown };
  if ('byUse' in part) return { ...nothing, kind: CostKind.BY_USE, item: part.byUse };
  if (part.item === '') return { ...nothing, kind: CostKind.FREE, item: 'free' };
  return { logicalId, type, kind: CostKind.AT_REST, ...part, monthly: part.quantity * part.unitPrice };
}
