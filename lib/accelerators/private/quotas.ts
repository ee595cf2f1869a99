/** A service quota of EC2 for one class of instance types, counted in vCPUs. */
interface Quota {
  readonly code: string;
  readonly name: string;
}

interface ClassQuotas {
  /** Which instance families the class holds. */
  readonly families: RegExp;
  readonly onDemand: Quota;
  /** Left out where AWS does not say which quota counts the family: P6. */
  readonly spot?: Quota;
}

const P_ON_DEMAND: Quota = { code: 'L-417A185B', name: 'Running On-Demand P instances' };

/** https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const CLASSES: readonly ClassQuotas[] = [
  {
    families: /^gr?\d/,
    onDemand: { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' },
    spot: { code: 'L-3819A6DF', name: 'All G and VT Spot Instance Requests' },
  },
  { families: /^p[234]/, onDemand: P_ON_DEMAND, spot: { code: 'L-7212CCBC', name: 'All P4, P3 and P2 Spot Instance Requests' } },
  { families: /^p5/, onDemand: P_ON_DEMAND, spot: { code: 'L-C4BD4855', name: 'All P5 Spot Instance Requests' } },
  { families: /^p/, onDemand: P_ON_DEMAND },
  {
    families: /^inf/,
    onDemand: { code: 'L-1945791B', name: 'Running On-Demand Inf instances' },
    spot: { code: 'L-B5D1601B', name: 'All Inf Spot Instance Requests' },
  },
  {
    families: /^trn/,
    onDemand: { code: 'L-2C3B7624', name: 'Running On-Demand Trn instances' },
    spot: { code: 'L-6B0D517C', name: 'All Trn Spot Instance Requests' },
  },
];

/** The quotas that count an instance family. */
export function quotasOf(family: string): { readonly onDemand?: Quota; readonly spot?: Quota } {
  return CLASSES.find(({ families }) => families.test(family)) ?? {};
}
