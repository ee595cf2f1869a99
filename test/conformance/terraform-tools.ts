import type { TerraformTools } from './terraform-oracle';
import { findTool } from '../../lib/local/toolchain/tool';

/** The oracle's programs, or undefined where they are not to be had. Where `CI` is true their absence is an error. */
export function terraformTools(): TerraformTools | undefined {
  const tofu = findTool('tofu');
  const schemaProvider = findTool('terraform-schema-provider');
  if (tofu.available && schemaProvider.available) return { tofu: tofu.path, schemaProvider: schemaProvider.path };
  const reason = [tofu, schemaProvider].flatMap((tool) => tool.available ? [] : [tool.reason]).join('; ');
  if (process.env.CI === 'true') throw new Error(`Terraform programs cannot be validated: ${reason}`);
  process.stderr.write(`not run: validation of Terraform programs against the bindings' schema (${reason})\n`);
  return undefined;
}
