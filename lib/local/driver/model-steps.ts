import type { ListrTask } from 'listr2';
import type { Facts } from './conversation';
import type { Journey } from './journey';
import { EmulatorReport } from './report';
import { lifeStep } from './step';

/** The life of a model. */
export function modelSteps(): Array<ListrTask<Journey>> {
  const version = (key: string) => (journey: Journey) => ({ version: journey.facts[key].version });
  return [
    lifeStep('Write the data set to the Iceberg table', 'lake', 'lake', () => ({}), facts =>
      `${facts.rows} rows in ${facts.table}, read back`),
    lifeStep('Ask the registry', 'registry', 'registry', () => ({}), (facts, journey) =>
      `MLflow ${facts.mlflow} answers, on ${EmulatorReport.read(journey.run).of('database').map(entry => entry.detail).join(', ') || 'no database'}`),
    lifeStep('Train and register a first model', 'train1', 'train', () => ({ candidate: 1 }), trained),
    lifeStep('Promote the first model', 'promote1', 'promote', version('train1'), facts =>
      `version ${facts.version} answers ${facts.compared} rows as scikit-learn does`),
    lifeStep('Train and register a second model', 'train2', 'train', () => ({ candidate: 2 }), trained),
    lifeStep('Promote the second model', 'promote2', 'switch', version('train2'), facts =>
      `version ${facts.version} answers after ${facts.answer_seconds} s, same process`),
    lifeStep('Roll back', 'rollback1', 'rollback', () => ({ reason: 'rehearsal' }), rolledBack),
    lifeStep('Stop MLflow', 'stopped', 'stop-registry', () => ({}), facts => `version ${facts.version} goes on answering`),
    lifeStep('Promote the second model again, without MLflow', 'promote3', 'promote-without-registry', version('train2'), facts =>
      `version ${facts.version} answers after ${facts.answer_seconds} s`),
    lifeStep('Roll back without MLflow', 'rollback2', 'rollback', () => ({ reason: 'rehearsal without MLflow' }), rolledBack),
  ];
}

/** What a run that stays does at its end. */
export function keepSteps(): Array<ListrTask<Journey>> {
  return [lifeStep('Start MLflow again', 'restarted', 'start-registry', () => ({}), facts => `MLflow ${facts.mlflow} answers`)];
}

function trained(facts: Facts): string {
  return `version ${facts.version}, ${facts.estimator}, accuracy ${facts.accuracy}`;
}

/** When the promise of a second was missed, that is said too. */
function rolledBack(facts: Facts): string {
  const late = facts.in_time ? '' : `, later than the promised second, with a load of ${facts.load} on this machine`;
  return `version ${facts.version} answers after ${facts.seconds} s${late}`;
}
