import { AcceleratedInstance } from './accelerated-instance';
import { PRICES } from './private/catalogue';
import { show } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { isUnresolved } from '../core/private/tokens';

/** A price with what it holds for. */
export interface InstancePrice {
  /** USD for an hour of one instance. */
  readonly usdPerHour: number;
  /** Region that the price holds in. */
  readonly region: string;
  /**
   * Day of the price list, as `2026-07-20`.
   *
   * @default - the day is not known, or the price is your own
   */
  readonly date?: string;
}

/** The region with the fullest price list. */
const REFERENCE_REGION = 'us-east-1';

/** Prices of accelerated instances by the hour, for Linux on shared hardware, without discounts and tax. */
export class InstancePrices {
  /**
   * AWS's public on-demand prices, as in the catalogue that comes with the library: us-east-1 in full with its day, a few types
   * in other regions. https://aws.amazon.com/ec2/pricing/on-demand/
   */
  static onDemand(): InstancePrices {
    return new InstancePrices(new Map());
  }

  private constructor(private readonly own: ReadonlyMap<string, number>) {}

  /**
   * The same prices with some of your own, such as after a discount, on spot, or in a region that the catalogue lacks. They hold in
   * every region.
   *
   * @param usdPerHour USD per hour by instance type
   * @throws a ValidationError [unknown-instance], [invalid-price]
   */
  withPrices(usdPerHour: { [instance: string]: number }): InstancePrices {
    const faults = Faults.at('InstancePrices');
    for (const [name, price] of Object.entries(usdPerHour)) {
      faults.collect(() => AcceleratedInstance.of(name));
      faults.check(Number.isFinite(price) && price > 0 && !isUnresolved(price), 'invalid-price',
        `price ${show(price)} of ${name} is not a positive number of USD per hour; correct it`);
    }
    faults.throwIfAny();
    return new InstancePrices(new Map([...this.own, ...Object.entries(usdPerHour)]));
  }

  /**
   * What an instance costs in a region; undefined where the price is not known.
   *
   * @param region region code
   * @default region - us-east-1
   */
  priceOf(instance: AcceleratedInstance, region: string = REFERENCE_REGION): InstancePrice | undefined {
    const own = this.own.get(instance.name);
    if (own !== undefined) return { usdPerHour: own, region };
    const list = PRICES.get(region);
    const listed = list?.usdPerHour[instance.name];
    return listed === undefined ? undefined : { usdPerHour: listed, region, date: list?.date };
  }

  /**
   * USD for an hour of an instance in a region; undefined where the price is not known.
   *
   * @param region region code
   * @default region - us-east-1
   */
  usdPerHour(instance: AcceleratedInstance, region?: string): number | undefined {
    return this.priceOf(instance, region)?.usdPerHour;
  }

  /**
   * The price in a region, or as an estimate the one in us-east-1.
   *
   * @internal
   */
  _estimate(instance: AcceleratedInstance, region: string | undefined): InstancePrice | undefined {
    const known = region !== undefined && !isUnresolved(region) ? this.priceOf(instance, region) : undefined;
    return known ?? this.priceOf(instance);
  }
}
