import { resolve } from 'node:path';
import { describeDocumentation } from './documentation-suite';
import { TERRAFORM_STRUCT_USES } from './terraform-struct-uses';
import * as platform from '../../lib/terraform';

describeDocumentation('the public API for Terraform', resolve(__dirname, '../../lib/terraform/index.ts'), platform, TERRAFORM_STRUCT_USES);
