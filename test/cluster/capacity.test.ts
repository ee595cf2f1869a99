import { Duration, Token } from 'aws-cdk-lib';
import { faultOf } from './support';
import { Capacity } from '../../lib/cluster';
import { poolTiers, reservationsOf } from '../../lib/cluster/blueprint/node-pool-tiers';

const IDS = { reservationIds: ['cr-0123456789abcdef0'] };

describe('capacity', () => {
  test.each([
    ['onDemand', Capacity.onDemand(), false, true],
    ['spot', Capacity.spot(), true, false],
    ['spotWithOnDemandFallback', Capacity.spotWithOnDemandFallback(), true, true],
    ['reserved', Capacity.reserved(IDS), false, true],
    ['reserved, else spot', Capacity.reserved({ ...IDS, otherwise: Capacity.spot() }), true, true],
    ['capacityBlock', Capacity.capacityBlock(IDS), false, true],
  ])('%s says what it may be', (_, capacity, usesSpot, hasOnDemand) => {
    expect([capacity.usesSpot, capacity.hasOnDemand]).toEqual([usesSpot, hasOnDemand]);
  });

  test('of one kind is one NodePool without an expiry of its own', () => {
    expect(poolTiers('chat', Capacity.onDemand(), 8)).toEqual([{ name: 'chat', weight: 100, capacityType: 'on-demand', max: 8 }]);
    expect(poolTiers('chat', Capacity.spot(), 8)).toEqual([{ name: 'chat', weight: 100, capacityType: 'spot', max: 8 }]);
  });

  test('that falls back is tried in order, and what stands in expires', () => {
    expect(poolTiers('chat', Capacity.spotWithOnDemandFallback(), 8)).toEqual([
      { name: 'chat', weight: 100, capacityType: 'spot', max: 8 },
      { name: 'chat-on-demand', weight: 90, capacityType: 'on-demand', expireAfter: '24h', max: 8 },
    ]);
    expect(poolTiers('chat', Capacity.reserved({ ...IDS, otherwise: Capacity.spotWithOnDemandFallback({ expireAfter: Duration.minutes(90), max: 2 }) }), 8)).toEqual([
      { name: 'chat', weight: 100, capacityType: 'reserved', reservationType: 'default', max: 8 },
      { name: 'chat-spot', weight: 90, capacityType: 'spot', max: 8 },
      { name: 'chat-on-demand', weight: 80, capacityType: 'on-demand', expireAfter: '90m', max: 2 },
    ]);
  });

  test('on demand beside a reservation goes back to it', () => {
    expect(poolTiers('chat', Capacity.capacityBlock({ ...IDS, otherwise: Capacity.onDemand() }), 8)).toEqual([
      { name: 'chat', weight: 100, capacityType: 'reserved', reservationType: 'capacity-block', max: 8 },
      { name: 'chat-on-demand', weight: 90, capacityType: 'on-demand', expireAfter: '24h', max: 8 },
    ]);
  });

  test('keeps its list of reservations', () => {
    const reservationIds = ['cr-1', 'cr-2'];
    const capacity = Capacity.reserved({ reservationIds });
    reservationIds.pop();
    expect(reservationsOf(capacity)).toEqual(['cr-1', 'cr-2']);
  });

  test('that stands in cannot be more than the pool', () => {
    expect(poolTiers('chat', Capacity.spotWithOnDemandFallback({ max: 100 }), 8)[1]?.max).toBe(8);
  });
});

describe('capacity is refused', () => {
  const token = Token.asString({ Ref: 'R' });
  test.each<[string, () => unknown, string]>([
    ['without reservations', () => Capacity.reserved({ reservationIds: [] }),
      "ValidationError at Capacity [invalid-reservation-ids]: reservationIds is empty; name at least one, such as 'cr-0123456789abcdef0'"],
    ['with something that is no reservation', () => Capacity.reserved({ reservationIds: ['r-1'] }),
      "ValidationError at Capacity [invalid-reservation-ids]: reservationIds[0] 'r-1' is not allowed; use the id of a capacity reservation such as 'cr-0123456789abcdef0'"],
    ['with a reservation twice', () => Capacity.reserved({ reservationIds: ['cr-1', 'cr-1'] }),
      "ValidationError at Capacity [duplicate-reservation-ids]: reservationIds names 'cr-1' more than once; keep one of them"],
    ['with reservations in two places', () => Capacity.reserved({ ...IDS, otherwise: Capacity.reserved(IDS) }),
      'ValidationError at Capacity [invalid-otherwise]: otherwise is reserved capacity again, and a pool has one list of reservations; put all ids into reservationIds'],
    ['with spot beside a Capacity Block', () => Capacity.capacityBlock({ ...IDS, otherwise: Capacity.spotWithOnDemandFallback() }),
      "ValidationError at Capacity [spot-with-capacity-block]: otherwise is spot, but who books a Capacity Block needs its GPUs for a fixed time, and spot goes with two minutes' notice; use Capacity.onDemand(), or a second pool on spot"],
    ['that expires too soon', () => Capacity.spotWithOnDemandFallback({ expireAfter: Duration.minutes(59) }),
      'ValidationError at Capacity [invalid-expire-after]: expireAfter of 3540 seconds is not a whole number from 3600 to 1814400 seconds; use a duration in that range'],
    ['that expires too late', () => Capacity.spotWithOnDemandFallback({ expireAfter: Duration.days(22) }),
      'ValidationError at Capacity [invalid-expire-after]: expireAfter of 1900800 seconds is not a whole number from 3600 to 1814400 seconds; use a duration in that range'],
    ['that expires at a time known only at deploy time', () => Capacity.spotWithOnDemandFallback({ expireAfter: Duration.hours(Token.asNumber({ Ref: 'H' })) }),
      'ValidationError at Capacity [unresolved-expire-after]: expireAfter is known only at deploy time, but it is checked at synthesis; give a literal'],
    ['with no room', () => Capacity.spotWithOnDemandFallback({ max: 0 }), 'ValidationError at Capacity [invalid-max]: max 0 is not a whole number from 1 to 100000; use a value in that range'],
    ['with room known only at deploy time', () => Capacity.spotWithOnDemandFallback({ max: Token.asNumber({ Ref: 'N' }) }),
      'ValidationError at Capacity [unresolved-max]: max is known only at deploy time, but it decides what is created; give a literal'],
  ])('%s', (_, act, message) => expect(faultOf(act)).toBe(message));

  test('never for a reservation whose id is known only at deploy time', () => {
    expect(reservationsOf(Capacity.reserved({ reservationIds: [token] }))).toEqual([token]);
  });
});
