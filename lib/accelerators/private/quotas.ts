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
  {
    families: /^p[2-4]/,
    onDemand: { code: 'L-417A185B', name: 'Running On-Demand P instances' },
    spot: { code: 'L-7212CCBC', name: 'All P4, P3 and P2 Spot Instance Requests' },
  },
  {
    families: /^p5/,
    onDemand: { code: 'L-417A185B', name: 'Running On-Demand P instances' },
    spot: { code: 'L-C4BD4855', name: 'All P5 Spot Instance Requests' },
  },
  // AWS's list of spot quotas names none for P6
  { families: /^p6/, onDemand: { code: 'L-417A185B', name: 'Running On-Demand P instances' } },
];

/** The quotas that count an instance family. */
export function quotasOf(family: string): { readonly onDemand?: QuotaFacts; readonly spot?: QuotaFacts } {
  return QUOTAS.find(({ families }) => families.test(family)) ?? {};
}
