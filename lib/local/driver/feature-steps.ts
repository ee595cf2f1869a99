import type { ListrTask } from 'listr2';
import type { Journey } from './journey';
import { lifeStep } from './step';

/** The life of features, on stacks/features. */
export function featureSteps(): Array<ListrTask<Journey>> {
  return [
    lifeStep('Write rows and check them', 'rows', 'check-rows', () => ({}), facts =>
      `${facts.rows} rows in ${facts.table} pass ${facts.checks} checks of the contract and ${facts.expectations} expectations`),
    lifeStep('Tag, evolve, read as of the tag', 'travel', 'travel', () => ({}), facts =>
      `version ${facts.version} of the contract adds ${facts.column}; ${facts.tag} still reads ${facts.tagged} of ${facts.rows} rows, without it`),
    lifeStep('Apply the definitions of features', 'applied', 'apply-features', () => ({}), facts =>
      `Feast's registry knows ${facts.views} of project ${facts.project}`),
    lifeStep('Materialize', 'materialized', 'materialize', () => ({}), facts => `${facts.items} items in the DynamoDB table ${facts.table}`),
    lifeStep('Build a training set', 'training', 'training-set', () => ({}), facts =>
      `${facts.rows} rows as of their own moments, each as pandas joins it; the data is tagged ${facts.tag}`),
    lifeStep('Look features up', 'online', 'online', () => ({}), facts => `${facts.compared} customers answered as pandas does`),
    lifeStep('Write bad rows and check them', 'refused', 'refuse-rows', () => ({}), facts =>
      `${facts.error}: ${facts.failed} checks fail, and the bus hears "${facts.event}"`),
  ];
}
