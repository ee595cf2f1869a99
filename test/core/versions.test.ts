import { PlatformVersion } from '../../lib';

describe('a platform version', () => {
  test('pins every chart and add-on exactly', () => {
    for (const version of PlatformVersion.all()) {
      for (const name of version.chartNames()) expect(version.chart(name).version).toMatch(/^v?\d+\.\d+\.\d+$/);
      for (const name of version.addOnNames()) expect(version.addOn(name)).toMatch(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/);
      expect(version.kubernetesVersion).toMatch(/^1\.\d+$/);
    }
  });

  test('names the images of a chart with the tag that the chart sets', () => {
    // https://github.com/cert-manager/cert-manager/releases names its images and tags so
    expect(PlatformVersion.V2026_11.images('cert-manager')).toContain(`quay.io/jetstack/cert-manager-webhook:${PlatformVersion.V2026_11.chart('cert-manager').version}`);
    expect(PlatformVersion.V2026_11.images('keda-add-ons-http')).toContain('ghcr.io/kedacore/http-add-on-interceptor:0.15.0');
    expect(PlatformVersion.V2026_11.images('kserve-crd')).toEqual([]);
  });

  test('holds charts only that upstream supports on its Kubernetes', () => {
    for (const version of PlatformVersion.all()) {
      const minor = Number(version.kubernetesVersion.split('.')[1]);
      for (const name of version.chartNames()) {
        const lowest = /^>=1\.(\d+)\./.exec(version.chart(name).kubernetes)?.[1];
        expect([name, version.chart(name).kubernetes === '*' || minor >= Number(lowest)]).toEqual([name, true]);
      }
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
