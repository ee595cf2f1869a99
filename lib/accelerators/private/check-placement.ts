import { checkTensorParallel } from './memory/rules';
import { checkInteger, checkLiteral, checkNumber } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { AcceleratedInstance } from '../accelerated-instance';
import { InstancePrices } from '../instance-prices';
import type { LlmPlacementProps } from '../llm-placement';

/** Checks a request and returns the instance types to look at; throws one error with every fault. */
export function checkPlacement(props: LlmPlacementProps): AcceleratedInstance[] {
  const faults = Faults.at('LlmPlacement');
  for (const property of ['contextLength', 'concurrency', 'maxNumSeqs', 'tensorParallel', 'gpuMemoryUtilization'] as const) {
    checkLiteral(faults, property, props[property]);
  }
  checkInteger(faults, 'contextLength', props.contextLength, { min: 1, max: 100_000_000, unit: 'tokens' });
  checkInteger(faults, 'concurrency', props.concurrency, { min: 1, max: 65_536, unit: 'requests' });
  checkInteger(faults, 'maxNumSeqs', props.maxNumSeqs, { min: 1, max: 65_536, unit: 'requests' });
  checkInteger(faults, 'tensorParallel', props.tensorParallel, { min: 1, max: 1024 });
  checkNumber(faults, 'gpuMemoryUtilization', props.gpuMemoryUtilization, { min: 0.01, max: 1 });
  faults.check(!(props.contextLength > props.model.contextLength), 'context-too-long',
    `contextLength ${props.contextLength} is longer than the ${props.model.contextLength} tokens of ${props.model.id}; `
    + 'use at most that, or a model with a longer context');
  const candidates = props.instances === undefined ? anyInstance(props) : namedInstances(faults, props, props.instances);
  const { tensorParallel = 1, model } = props;
  const gpus = candidates.filter(({ llmExclusion }) => llmExclusion === undefined).map(({ gpuCount }) => gpuCount);
  if (Number.isInteger(tensorParallel) && tensorParallel >= 1 && gpus.length > 0) {
    checkTensorParallel(faults, model._architecture, tensorParallel, Math.max(...gpus));
  }
  faults.throwIfAny();
  return candidates;
}

function anyInstance(props: LlmPlacementProps): AcceleratedInstance[] {
  const usable = AcceleratedInstance.all()
    .filter(({ llmExclusion, imageExclusion }) => llmExclusion === undefined && imageExclusion === undefined)
    .filter((instance) => priceOf(props, instance) !== undefined);
  const enough = usable.filter((instance) => instance.gpuCount >= (props.tensorParallel ?? 1));
  return enough.length > 0 ? enough : usable;
}

function namedInstances(faults: Faults, props: LlmPlacementProps, names: readonly string[]): AcceleratedInstance[] {
  faults.check(names.length > 0, 'no-instances', 'instances is an empty list; name at least one instance type, or leave it out');
  return [...new Set(names)].flatMap((name) => {
    const instance = faults.collect(() => AcceleratedInstance.of(name));
    if (instance === undefined) return [];
    faults.check(instance.llmExclusion === undefined, 'unsupported-accelerator',
      `instance ${name} is declined: ${instance.llmExclusion}; choose an instance with whole NVIDIA GPUs, such as g6e.xlarge`);
    faults.check(priceOf(props, instance) !== undefined, 'no-price',
      `instance ${name} has no price in the catalogue, and placements are ranked by price; `
      + 'give one by prices: InstancePrices.onDemand().withPrices');
    return [instance];
  });
}

function priceOf(props: LlmPlacementProps, instance: AcceleratedInstance): number | undefined {
  return (props.prices ?? InstancePrices.onDemand())._estimate(instance, props.region)?.usdPerHour;
}
