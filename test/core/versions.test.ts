import { PlatformVersion } from '../../lib';

describe('a platform version', () => {
  test('pins every chart and add-on exactly', () => {
    for (const version of PlatformVersion.all()) {
      for (const name of version.chartNames()) expect(version.chart(name).version).toMatch(/^v?\d+\.\d+\.\d+$/);
      for (const name of version.addOnNames()) expect(version.addOn(name)).toMatch(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/);
      expect(version.kubernetesVersion).toMatch(/^1\.\d+$/);
    }
  });

  test('hands out copies, so nobody changes a pin', () => {
    const chart = PlatformVersion.V2026_11.chart('cert-manager');
    Object.assign(chart, { version: 'latest' });
    expect(PlatformVersion.V2026_11.chart('cert-manager').version).not.toBe('latest');
  });

  test('suggests the chart that was meant', () => {
    expect(() => PlatformVersion.V2026_11.chart('cert-manger'))
      .toThrow(/^ValidationError at PlatformVersion 2026-11 \[unknown-chart\]: chart 'cert-manger' is not in platform version 2026-11 \(did you mean 'cert-manager'\?\); it holds /);
    expect(() => PlatformVersion.V2026_11.addOn('zzz')).toThrow(/\[unknown-add-on\]/);
  });
});
