import { AcceleratedInstance } from './accelerated-instance';
import { InstancePrices } from './instance-prices';
import type { LlmModel } from './llm-model';
import { MemoryFit } from './memory-fit';
import { checkPlacement } from './private/check-placement';
import { doesNotFit } from './private/placement-advice';
import { PlacementSearch, type Capacity } from './private/placement-search';
import { KvCacheDtype, WeightQuantization } from './quantization';
import { Faults } from '../core/private/faults';

/** What is to be served, and where it may run. */
export interface LlmPlacementProps {
  /** The model. */
  readonly model: LlmModel;
  /** Longest request, prompt and answer together, in tokens: vLLM's `--max-model-len`. */
  readonly contextLength: number;
  /** Requests of that length at the same time, over all replicas. */
  readonly concurrency: number;
  /**
   * Type of the KV cache's entries.
   *
   * @default KvCacheDtype.AUTO
   */
  readonly kvCacheDtype?: KvCacheDtype;
  /**
   * What the engine does to the weights while loading.
   *
   * @default WeightQuantization.CHECKPOINT
   */
  readonly quantization?: WeightQuantization;
  /**
   * Names of the instance types that may be taken.
   *
   * @default - every type of the catalogue that has a price and that EKS's own node images run
   */
  readonly instances?: string[];
  /**
   * GPUs that each layer is split over: vLLM's `--tensor-parallel-size`.
   *
   * @default - every degree that the model's heads allow is tried
   */
  readonly tensorParallel?: number;
  /**
   * Prices to rank by.
   *
   * @default InstancePrices.onDemand()
   */
  readonly prices?: InstancePrices;
  /**
   * Region whose prices count. Types that have none there are ranked by their price in us-east-1.
   *
   * @default - us-east-1
   */
  readonly region?: string;
  /**
   * Requests in one step of a replica: vLLM's `--max-num-seqs`.
   *
   * @default - vLLM's for the card; more where a replica holds more
   */
  readonly maxNumSeqs?: number;
  /**
   * Share of the GPU's memory that the engine may take.
   *
   * @default 0.92
   */
  readonly gpuMemoryUtilization?: number;
}

/** A way to hold a load of requests to a language model: an instance type, how the model is cut, how many replicas, what it costs. */
export class LlmPlacement {
  /**
   * Every way to hold the load, cheapest first: each instance type with each degree of tensor parallel, and the fewest replicas that
   * hold all requests. Of ways that cost the same, the one with less tensor parallel is first. Replicas that need several instances
   * are looked at only where no single instance holds a request.
   *
   * @returns an empty list if nothing holds even one request
   * @throws a ValidationError for what no placement can mend, among others [unknown-instance], [context-too-long], [no-price]
   */
  static rank(props: LlmPlacementProps): LlmPlacement[] {
    return placements(props, capacitiesOf(props));
  }

  /**
   * The cheapest way to hold the load.
   *
   * @throws a ValidationError [model-does-not-fit] with what is needed, what there is, and the changes that would do; and what `rank`
   * throws
   */
  static best(props: LlmPlacementProps): LlmPlacement {
    const capacities = capacitiesOf(props);
    // a change that is refused is no advice
    const cheapest = (changed: LlmPlacementProps) => Faults.at('LlmPlacement').collect(() => LlmPlacement.rank(changed)[0]);
    return placements(props, capacities)[0] ?? doesNotFit(props, capacities, cheapest);
  }

  /** @internal */
  static _of(props: LlmPlacementProps, capacity: Capacity): LlmPlacement {
    return new LlmPlacement(props, capacity);
  }

  /** The model. */
  readonly model: LlmModel;
  /** The instance type. */
  readonly instance: AcceleratedInstance;
  /** GPUs that each layer is split over. */
  readonly tensorParallel: number;
  /** Parts that the layers are split into, each on an instance of its own. */
  readonly pipelineParallel: number;
  /** Instances that one replica spreads over. */
  readonly nodesPerReplica: number;
  /** Replicas that hold all requests together. */
  readonly replicas: number;
  /** Replicas that fit beside each other on one instance; 1 if a replica needs several. */
  readonly replicasPerInstance: number;
  /** Instances that all replicas need. */
  readonly instanceCount: number;
  /** Requests of full length that each replica has to hold. */
  readonly concurrencyPerReplica: number;
  /** USD for an hour of all instances. */
  readonly usdPerHour: number;
  /** Region that the price holds in; us-east-1 where the one asked for has none. */
  readonly priceRegion: string;
  /** Day of the price list; undefined where it is not known, or the price is your own. */
  readonly priceDate?: string;
  private computedFit?: MemoryFit;

  private constructor(private readonly props: LlmPlacementProps, { layout, concurrency }: Capacity) {
    this.model = props.model;
    this.instance = layout.instance;
    this.tensorParallel = layout.tensorParallel;
    this.pipelineParallel = layout.pipelineParallel;
    this.nodesPerReplica = layout.pipelineParallel;
    this.replicas = Math.ceil(props.concurrency / concurrency);
    this.replicasPerInstance = this.nodesPerReplica > 1 ? 1 : Math.floor(layout.instance.gpuCount / layout.tensorParallel);
    this.instanceCount = Math.ceil(this.replicas / this.replicasPerInstance) * this.nodesPerReplica;
    this.concurrencyPerReplica = Math.ceil(props.concurrency / this.replicas);
    const price = (props.prices ?? InstancePrices.onDemand())._estimate(layout.instance, props.region);
    this.usdPerHour = this.instanceCount * (price?.usdPerHour ?? NaN);
    this.priceRegion = price?.region ?? '';
    this.priceDate = price?.date;
  }

  /** The memory of one replica. */
  get fit(): MemoryFit {
    this.computedFit ??= MemoryFit.of({
      ...loadOf(this.props),
      instance: this.instance,
      tensorParallel: this.tensorParallel,
      pipelineParallel: this.pipelineParallel,
      concurrency: this.concurrencyPerReplica,
    });
    return this.computedFit;
  }

  /** One line for people: how many of what, and what it costs. */
  get summary(): string {
    const replicas = this.replicas === 1 ? '1 replica' : `${this.replicas} replicas`;
    const where = `${this.instanceCount} x ${this.instance.name}`;
    const date = this.priceDate === undefined ? '' : `, ${this.priceDate}`;
    const stages = this.pipelineParallel > 1 ? `, pipelineParallel ${this.pipelineParallel}` : '';
    return `${replicas} at tensorParallel ${this.tensorParallel}${stages} on ${where}: ${this.usdPerHour.toFixed(2)} USD an hour (${this.priceRegion}${date})`;
  }
}

function capacitiesOf(props: LlmPlacementProps): Capacity[] {
  const candidates = checkPlacement(props);
  return new PlacementSearch(loadOf(props), props.tensorParallel).capacities(candidates);
}

function placements(props: LlmPlacementProps, capacities: readonly Capacity[]): LlmPlacement[] {
  return capacities
    .filter(({ concurrency }) => concurrency > 0)
    .map((capacity) => LlmPlacement._of(props, capacity))
    .sort(compare);
}

function loadOf(props: LlmPlacementProps) {
  const { model, contextLength, concurrency, kvCacheDtype, quantization, maxNumSeqs, gpuMemoryUtilization } = props;
  return { model, contextLength, concurrency, kvCacheDtype, quantization, maxNumSeqs, gpuMemoryUtilization };
}

/** Cheapest first; then what runs better; the name decides last, so that the order is always the same. */
function compare(a: LlmPlacement, b: LlmPlacement): number {
  return a.usdPerHour - b.usdPerHour
    || a.nodesPerReplica - b.nodesPerReplica
    || a.tensorParallel - b.tensorParallel
    || a.instanceCount - b.instanceCount
    || (a.instance.name < b.instance.name ? -1 : 1);
}
