import { Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { faultOf, validOrRefused } from './support';
import { GpuSharing } from '../../lib/cluster';

describe('sharing a GPU', () => {
  test('by turns: pods ask for a GPU, and so many share one', () => {
    expect(GpuSharing.timeSlicing(4)).toMatchObject({ type: 'time-slicing', gpuResource: 'nvidia.com/gpu', podsPerGpu: 4, profile: undefined });
  });

  // https://docs.nvidia.com/datacenter/cloud-native/kubernetes/latest/index.html: the mixed strategy
  test('by MIG: pods ask for a slice, and have it to themselves', () => {
    expect(GpuSharing.mig('3g.40gb')).toMatchObject({ type: 'mig', gpuResource: 'nvidia.com/mig-3g.40gb', podsPerGpu: 1, profile: '3g.40gb' });
  });

  test('is refused where it cannot be', () => {
    expect(faultOf(() => GpuSharing.timeSlicing(1))).toBe('ValidationError at GpuSharing [invalid-replicas]: replicas 1 is not a whole number from 2 to 16 pods; use a value in that range');
    expect(faultOf(() => GpuSharing.timeSlicing(Token.asNumber({ Ref: 'N' })))).toBe('ValidationError at GpuSharing [unresolved-replicas]: replicas is known only at deploy time, but it decides what is created; give a literal');
    expect(faultOf(() => GpuSharing.mig('all'))).toBe("ValidationError at GpuSharing [invalid-profile]: profile 'all' is not allowed; use a MIG profile such as '1g.10gb'");
    expect(faultOf(() => GpuSharing.mig(Token.asString({ Ref: 'P' })))).toBe('ValidationError at GpuSharing [unresolved-profile]: profile is known only at deploy time, but it decides what is created; give a literal');
  });

  test('any number and text is accepted or refused with a ValidationError', () => {
    fc.assert(fc.property(fc.oneof(fc.integer(), fc.double()), (replicas) => { validOrRefused(() => GpuSharing.timeSlicing(replicas)); }));
    fc.assert(fc.property(fc.oneof(fc.string(), fc.constantFrom('1g.5gb', '7g.80gb', '8g.80gb')), (profile) => { validOrRefused(() => GpuSharing.mig(profile)); }));
  });
});
