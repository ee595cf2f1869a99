import type { Duration } from 'aws-cdk-lib';
import { checkInteger, checkLiteral } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

/** What a user may say about the cache. */
export interface ValkeyInput {
  readonly maxStorageGb?: number;
  readonly maxUnitsPerSecond?: number;
  readonly keyTtl?: Duration;
}

/** A user of the cache. */
export interface ValkeyUser {
  /** Id of the construct. */
  readonly id: string;
  readonly name: string;
  /** https://valkey.io/topics/acl/ */
  readonly accessString: string;
}

/** The cache, as data. */
export interface ValkeyBlueprint {
  readonly engineVersion: string;
  readonly maxStorageGb: number;
  readonly maxUnitsPerSecond: number;
  readonly snapshotDays: number;
  readonly port: number;
  readonly keyTtlSeconds?: number;
  readonly writer: ValkeyUser;
  readonly reader: ValkeyUser;
}

const CENTURY_SECONDS = 100 * 365 * 86_400;
/** What a client of a cluster asks for before it sends anything else. */
const HANDSHAKE = '+@connection +cluster|slots +cluster|shards +cluster|nodes +cluster|myid +command';

/**
 * Decides on the cache. Feast reads by HMGET, writes by HSET and EXPIRE, and scans where it deletes a view.
 *
 * @see https://github.com/feast-dev/feast/blob/v0.67.0/sdk/python/feast/infra/online_stores/redis.py
 */
export function valkeyCache(faults: Faults, input: ValkeyInput): ValkeyBlueprint {
  for (const [property, value] of [['maxStorage', input.maxStorageGb], ['maxUnitsPerSecond', input.maxUnitsPerSecond]] as const) checkLiteral(faults, property, value);
  checkInteger(faults, 'maxStorage', input.maxStorageGb, { min: 1, max: 5000, unit: 'GB' });
  checkInteger(faults, 'maxUnitsPerSecond', input.maxUnitsPerSecond, { min: 1000, max: 15_000_000 });
  const keyTtlSeconds = input.keyTtl && wholeSeconds(faults, 'keyTtl', input.keyTtl, { min: 1, max: CENTURY_SECONDS, otherwise: 0 });
  return {
    engineVersion: '8',
    maxStorageGb: input.maxStorageGb ?? 10,
    maxUnitsPerSecond: input.maxUnitsPerSecond ?? 5000,
    snapshotDays: 1,
    port: 6379,
    ...keyTtlSeconds === undefined ? {} : { keyTtlSeconds },
    writer: { id: 'Writer', name: 'feast-writer', accessString: `on ~* -@all +@read +@write ${HANDSHAKE}` },
    reader: { id: 'Reader', name: 'feast-reader', accessString: `on ~* -@all +@read ${HANDSHAKE}` },
  };
}
