import { Token } from 'aws-cdk-lib';
import { refusal } from './support';
import { AcceleratedInstance, InstancePrices } from '../../lib/accelerators';

const SMALL = AcceleratedInstance.of('g6e.xlarge');
const LARGE = AcceleratedInstance.of('p5.48xlarge');

test('a price carries its region and the day of its list', () => {
  expect(InstancePrices.onDemand().priceOf(SMALL)).toEqual({ usdPerHour: 1.861, region: 'us-east-1', date: '2026-07-20' });
  expect(InstancePrices.onDemand().usdPerHour(LARGE)).toBe(55.04);
});

test('another region has its own price, without a day where the list has none', () => {
  expect(InstancePrices.onDemand().priceOf(LARGE, 'eu-west-2')).toEqual({ usdPerHour: 71.552, region: 'eu-west-2', date: undefined });
});

test('what is not known is not made up', () => {
  expect(InstancePrices.onDemand().priceOf(SMALL, 'eu-west-1')).toBeUndefined();
  expect(InstancePrices.onDemand().usdPerHour(SMALL, 'mars-north-1')).toBeUndefined();
  expect(InstancePrices.onDemand().usdPerHour(AcceleratedInstance.of('p5e.48xlarge'))).toBeUndefined();
});

test('own prices come before the list, in every region, and leave the others and the original alone', () => {
  const list = InstancePrices.onDemand();
  const own = list.withPrices({ 'g6e.xlarge': 1.2 }).withPrices({ 'p5e.48xlarge': 40 });
  expect(own.priceOf(SMALL)).toEqual({ usdPerHour: 1.2, region: 'us-east-1' });
  expect(own.usdPerHour(SMALL, 'eu-west-1')).toBe(1.2);
  expect(own.usdPerHour(AcceleratedInstance.of('p5e.48xlarge'))).toBe(40);
  expect(own.usdPerHour(LARGE)).toBe(55.04);
  expect(list.usdPerHour(SMALL)).toBe(1.861);
});

test('a wrong name and a wrong price are refused together', () => {
  expect(refusal(() => InstancePrices.onDemand().withPrices({ 'g6e.xlrge': 1, 'g6.xlarge': -1 })).message).toBe(`ValidationError at InstancePrices: 2 faults
  - [unknown-instance] instance 'g6e.xlrge' is not in the catalogue of accelerated instances (did you mean 'g6e.xlarge'?); it has the families \
g4dn, g5, g5g, g6, gr6, g6e, g6f, gr6f, g7, g7e, p3, p3dn, p4d, p4de, p5, p5e, p5en, p6-b200, p6-b300, p6e-gb200, inf2, trn1, trn1n, trn2, trn2u
  - [invalid-price] price -1 of g6.xlarge is not a positive number of USD per hour; correct it`);
  for (const price of [0, NaN, Infinity, Token.asNumber({ Ref: 'Price' })]) {
    expect(refusal(() => InstancePrices.onDemand().withPrices({ 'g6.xlarge': price })).codes).toEqual(['invalid-price']);
  }
});
