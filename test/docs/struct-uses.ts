import type { StructUses } from './literal-faults';
import { ADD_ON_USES } from './struct-uses/add-ons';
import { AWS_USES } from './struct-uses/aws';
import { CLUSTER_USES } from './struct-uses/cluster';
import { CONTRACT_USES } from './struct-uses/contracts';
import { FEATURE_USES } from './struct-uses/features';
import { LAKE_USES } from './struct-uses/lake';
import { NODE_POOL_USES } from './struct-uses/node-pools';
import { QUALITY_USES } from './struct-uses/quality';
import { REGISTRY_USES } from './struct-uses/registry';
import { SERVING_USES } from './struct-uses/serving';
import { ACCELERATOR_USES } from '../accelerators/struct-uses';
import { GATEWAY_USES } from '../serving/gateway-struct-uses';

/** What is made from each struct of the package's main entry that documents a literal. */
export const STRUCT_USES: StructUses = {
  ...AWS_USES, ...CLUSTER_USES, ...NODE_POOL_USES, ...ADD_ON_USES, ...ACCELERATOR_USES, ...GATEWAY_USES, ...SERVING_USES, ...LAKE_USES, ...QUALITY_USES, ...CONTRACT_USES, ...REGISTRY_USES, ...FEATURE_USES,
};
