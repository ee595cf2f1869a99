import type { ReferenceInstanceSources } from './instances';
import type { ReferenceModelSources } from './models';

/** Where the figures are from, and what is known to be missing. */
export function sourcesPage(instances: ReferenceInstanceSources['_source'], models: ReferenceModelSources['_source']): string {
  return `# Sources of the catalogue

Facts only: numbers and names, no text of the sources. Written by \`test/scripts/update-accelerator-catalogue.ts\`.

## Instance types and prices, compiled ${instances.compiled}

${repositories(instances.sources)}
- Amazon EC2 instance types, accelerated computing: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
- AWS Neuron documentation, memory of Inferentia and Trainium devices

On-demand prices (Linux, shared tenancy) of us-east-1 are those of ${/^[\d-]+/.exec(instances.priceDate['us-east-1'] ?? '')?.[0]}; the table of
the other regions has no date. Known gaps: prices of p5e, p6e-gb200 and trn2, prices in other regions but for P4de to P6, Trainium 3.

## Language models, compiled ${models.compiled}

Configurations and numbers of parameters that Hugging Face reports, as these repositories keep them:

${repositories(models.sources)}
- llmfit 1.1.17 on PyPI
`;
}

/** Repositories with their commits, each once. */
function repositories(sources: Readonly<Record<string, string>>): string {
  const found = Object.values(sources).map((text) => {
    const repository = /^[\w.-]+\/[\w.-]+/.exec(text)?.[0];
    const commit = /[0-9a-f]{40}/.exec(text)?.[0];
    return repository === undefined || commit === undefined ? undefined : `- https://github.com/${repository} at ${commit.slice(0, 10)}`;
  });
  return [...new Set(found.filter((line) => line !== undefined))].join('\n');
}
