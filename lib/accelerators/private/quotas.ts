/** Service quotas of EC2 for one class of instance types, counted in vCPUs. */
interface QuotaFacts {
  readonly code: string;
  readonly name: string;
}

interface FamilyQuotas {
  readonly families: RegExp;
  readonly onDemand: QuotaFacts;
  readonly spot?: QuotaFacts;
}

/** https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const QUOTAS: readonly FamilyQuotas[] = [
  {
    families: /^gr?\d/,
    onDemand: { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' },
    spot: { code: 'L-3819A6DF', name: 'All G and VT Spot Instance Requests' },
  },
];

/** The quotas that count an instance family. */
export function quotasOf(family: string): { readonly onDemand?: QuotaFacts; readonly spot?: QuotaFacts } {
  return QUOTAS.find(({ families }) => families.test(family)) ?? {};
}
