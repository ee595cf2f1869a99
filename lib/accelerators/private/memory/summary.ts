import { Fit } from './fit';
import { FitSettings } from './settings';
import { count, gib } from './units';
import type { AcceleratedInstance } from '../../accelerated-instance';

/** One line about a fit. */
export function summaryOf(instance: AcceleratedInstance, settings: FitSettings, fit: Fit): string {
  const memory = `weights ${gib(fit.weightsGiB)}, activations ${gib(fit.activationGiB)}, overhead ${gib(fit.overheadGiB)}`;
  const where = `${placeOf(instance, settings)}: ${memory}`;
  if (fit.kvRoomGiB <= 0) return `${where} GiB of ${gib(fit.budgetGiB)}: does not fit, nothing is left for the KV cache`;
  const contexts = `${gib(Math.floor(fit.concurrencyAtContext * 10) / 10)} full contexts of ${count(settings.contextLength)}`;
  const verdict = fit.fits ? '' : `, ${settings.concurrency} asked: does not fit`;
  return `${where}, KV ${gib(fit.kvRoomGiB)} GiB = ${count(rounded(fit.kvTokens))} tokens = ${contexts}${verdict}`;
}

function placeOf(instance: AcceleratedInstance, settings: FitSettings): string {
  const card = `${instance.gpu?.name} ${gib(instance.gpu?.usableGiB ?? 0)} GiB`;
  const stages = settings.pipelineParallel > 1 ? ` for each of ${settings.pipelineParallel} stages` : '';
  if (instance.gpuCount === 1 && stages === '') return `1 x ${instance.name} (${card})`;
  return `${settings.tensorParallel} of ${instance.gpuCount} GPUs of ${instance.name}${stages} (${card} each)`;
}

/** Three digits: more would be noise. */
function rounded(tokens: number): number {
  const step = 10 ** Math.max(Math.floor(Math.log10(Math.max(tokens, 1))) - 2, 0);
  return Math.floor(tokens / step) * step;
}
