import * as fc from 'fast-check';
import { ask, replacePrefix, seeded, type HttpRoute, type Request } from './route-reader';
import { ROUTE } from './routes-samples';
import { Rollout } from '../../lib/serving';
import { inferenceRoute, type InferenceRouteRequest } from '../../lib/serving/manifests/routes';

const CANDIDATE = { service: 'chat-candidate', port: 8000 };
const STABLE = 'chat:8000';
const NEW = 'chat-candidate:8000';
const COMPLETIONS = { path: '/chat/v1/chat/completions', method: 'POST' };

function routeOf(more: Partial<InferenceRouteRequest>): HttpRoute {
  return JSON.parse(JSON.stringify(inferenceRoute({ ...ROUTE, ...more }))) as HttpRoute;
}

/** Where 10,000 requests go. */
function traffic(route: HttpRoute, request: Request = COMPLETIONS): { stable: number; candidate: number; copies: number; errors: number; wrongPath: number } {
  const random = seeded(20_261_101);
  const seen = { stable: 0, candidate: 0, copies: 0, errors: 0, wrongPath: 0 };
  for (let index = 0; index < 10_000; index += 1) {
    const answer = ask([route], request, random);
    if (answer.backend === STABLE) seen.stable += 1;
    else if (answer.backend === NEW) seen.candidate += 1;
    else seen.errors += 1;
    if (answer.path !== '/v1/chat/completions') seen.wrongPath += 1;
    seen.copies += answer.mirrors.filter((mirror) => mirror === NEW).length;
  }
  return seen;
}

/** Four standard deviations of a binomial of 10,000. */
const spread = (percent: number): number => 4 * Math.sqrt(10_000 * (percent / 100) * (1 - percent / 100));

/** What is wrong with the traffic of a route, if `percent` of it should reach the candidate. */
function complaints(route: HttpRoute, expected: { percent?: number; copies?: number; request?: Request }): string[] {
  const { percent = 0, copies = 0, request } = expected;
  const seen = traffic(route, request);
  return [
    ...seen.errors > 0 ? ['requests fail'] : [],
    ...seen.wrongPath > 0 ? ['wrong path'] : [],
    ...Math.abs(seen.candidate - percent * 100) > spread(percent) ? [`candidate gets ${seen.candidate}`] : [],
    ...Math.abs(seen.copies - copies * 100) > spread(copies) ? [`candidate sees ${seen.copies} copies`] : [],
  ];
}

describe('the reader of routes agrees with the examples of the Gateway API', () => {
  // the table in the comment of HTTPPathModifier.replacePrefixMatch
  test.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'], ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'], ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'], ['/foo', '/foo', '/xyz', '/xyz'], ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'], ['/foo/', '/foo', '', '/'], ['/foo', '/foo', '', '/'], ['/foo/', '/foo', '/', '/'], ['/foo', '/foo', '/', '/'],
  ])('%s with prefix %s replaced by "%s" is %s', (path, prefix, replacement, result) => {
    expect(replacePrefix(path, prefix, replacement)).toBe(result);
  });

  const route = (...rules: HttpRoute['spec']['rules'][number][]): HttpRoute => ({ metadata: { name: 'r', namespace: 'n' }, spec: { rules } });
  const to = (name: string, ...matches: NonNullable<HttpRoute['spec']['rules'][number]['matches']>[number][]) => ({ ...matches.length === 0 ? {} : { matches }, backendRefs: [{ name, port: 1 }] });
  const backendOf = (routes: HttpRoute[], request: Request): string | undefined => ask(routes, request, seeded(1)).backend;

  test('exact before prefix, long before short, method before headers, headers before none, first before second', () => {
    const all = route(
      to('root'), to('short', { path: { value: '/a' } }), to('second', { path: { value: '/a' } }), to('long', { path: { value: '/a/b' } }),
      to('exact', { path: { type: 'Exact', value: '/a/b/c' } }), to('header', { path: { value: '/a' }, headers: [{ name: 'X', value: '1' }] }),
      to('method', { path: { value: '/a' }, method: 'PUT' }));
    expect(backendOf([all], { path: '/x' })).toBe('root:1');
    expect(backendOf([all], { path: '/a' })).toBe('short:1');
    expect(backendOf([all], { path: '/ab' })).toBe('root:1');
    expect(backendOf([all], { path: '/a/b/d', headers: { x: '1' } })).toBe('long:1');
    expect(backendOf([all], { path: '/a/b/c' })).toBe('exact:1');
    expect(backendOf([all], { path: '/a', headers: { x: '1' } })).toBe('header:1');
    expect(backendOf([all], { path: '/a', method: 'PUT', headers: { x: '1' } })).toBe('method:1');
  });

  test('no match is 404, no weight is 500, exact hosts come before wildcards', () => {
    expect(ask([route(to('a', { path: { value: '/a' } }))], { path: '/b' }, seeded(1)).status).toBe(404);
    expect(ask([route({ backendRefs: [{ name: 'a', weight: 0 }] })], { path: '/' }, seeded(1)).status).toBe(500);
    const host = (name: string, hostnames: string[]): HttpRoute => ({ metadata: { name, namespace: 'n' }, spec: { hostnames, rules: [to(name)] } });
    const hosts = [host('any', ['*.example.com']), host('one', ['llm.example.com'])];
    expect(backendOf(hosts, { path: '/', host: 'llm.example.com' })).toBe('one:1');
    expect(backendOf(hosts, { path: '/', host: 'x.example.com' })).toBe('any:1');
    expect(backendOf(hosts, { path: '/', host: 'example.com' })).toBeUndefined();
  });
});

describe('where 10,000 requests go', () => {
  test('without a candidate all go to the stable version', () => {
    expect(traffic(routeOf({}))).toEqual({ stable: 10_000, candidate: 0, copies: 0, errors: 0, wrongPath: 0 });
  });

  test.each([[1, 5], [2, 25], [3, 50], [4, 100]])('step %i of a canary sends %i percent to the candidate', (step, percent) => {
    expect(complaints(routeOf({ candidate: CANDIDATE, rollout: Rollout.canary({ step }) }), { percent })).toEqual([]);
  });

  test('step 0 sends everything back, and changes nothing but the weights', () => {
    const back = routeOf({ candidate: CANDIDATE, rollout: Rollout.canary({ step: 0 }) });
    const live = routeOf({ candidate: CANDIDATE, rollout: Rollout.canary({ step: 3 }) });
    expect(traffic(back)).toEqual({ stable: 10_000, candidate: 0, copies: 0, errors: 0, wrongPath: 0 });
    const withoutWeights = (route: HttpRoute): unknown => JSON.parse(JSON.stringify(route, (key, value: unknown) => (key === 'weight' ? undefined : value)));
    expect(withoutWeights(back)).toEqual(withoutWeights(live));
  });

  test('a shadow answers nobody and sees its percentage', () => {
    const seen = traffic(routeOf({ candidate: CANDIDATE, rollout: Rollout.shadow({ percent: 20 }) }));
    expect(seen).toMatchObject({ stable: 10_000, candidate: 0, errors: 0, wrongPath: 0 });
    expect(Math.abs(seen.copies - 2_000)).toBeLessThan(spread(20));
    expect(traffic(routeOf({ candidate: CANDIDATE, rollout: Rollout.shadow() })).copies).toBe(10_000);
    expect(traffic(routeOf({ candidate: CANDIDATE, rollout: Rollout.shadow({ percent: 0 }) })).copies).toBe(0);
  });

  test('an A/B test by header sends exactly those with the header to the candidate', () => {
    const route = routeOf({ candidate: CANDIDATE, rollout: Rollout.abTest({ header: 'X-Cohort', value: 'b' }) });
    const sent = (headers?: Record<string, string>): number => traffic(route, { ...COMPLETIONS, headers }).candidate;
    expect([sent({ 'x-cohort': 'b' }), sent({ 'x-cohort': 'a' }), sent({ 'x-cohort': 'bb' }), sent()]).toEqual([10_000, 0, 0, 0]);
  });

  test.each([
    ['cohort=b', true], ['a=1; cohort=b', true], ['cohort=b; z=2', true], ['a=1;cohort=b;z=2', true],
    ['cohort=bb', false], ['xcohort=b', false], ['a=cohort=b', false], ['cohort=a', false], ['Cohort=b', false], ['', false],
  ])('an A/B test by cookie reads the header "%s"', (cookie, candidate) => {
    const route = routeOf({ candidate: CANDIDATE, rollout: Rollout.abTest({ cookie: 'cohort', value: 'b' }) });
    expect(complaints(route, { percent: candidate ? 100 : 0, request: { ...COMPLETIONS, headers: { cookie } } })).toEqual([]);
  });

  test('only whole path elements are the service\'s', () => {
    const answer = (path: string) => ask([routeOf({})], { path }, seeded(1));
    expect(answer('/chat')).toMatchObject({ status: 200, path: '/' });
    expect(answer('/chat/v1/models')).toMatchObject({ status: 200, path: '/v1/models' });
    expect(answer('/chatter/v1/models').status).toBe(404);
    expect(answer('/').status).toBe(404);
  });

  test('services behind one gateway do not take each other\'s requests', () => {
    const routes = ['chat', 'chat/tools', 'code'].map((service) => routeOf({ name: service.replace('/', '-'), pathPrefix: `/${service}`, stable: { service: service.replace('/', '-'), port: 80 } }));
    const backend = (path: string): string | undefined => ask(routes, { path }, seeded(1)).backend;
    expect([backend('/chat/v1'), backend('/chat/tools/v1'), backend('/code/v1')]).toEqual(['chat:80', 'chat-tools:80', 'code:80']);
  });

  test('a service that is held while it starts goes to the proxy under the name that the proxy knows', () => {
    const route = routeOf({ stable: { service: 'proxy', port: 8080, namespace: 'keda' }, rewriteHost: 'chat.models' });
    expect(ask([route], { path: '/chat/v1/models', host: 'llm.example.com' }, seeded(1)))
      .toEqual({ status: 200, backend: 'keda/proxy:8080', path: '/v1/models', host: 'chat.models', mirrors: [] });
  });
});

describe('a route with a seeded fault is found out', () => {
  const canary = routeOf({ candidate: CANDIDATE, rollout: Rollout.canary({ step: 2 }) });
  const shadow = routeOf({ candidate: CANDIDATE, rollout: Rollout.shadow({ percent: 20 }) });
  const cookie = routeOf({ candidate: CANDIDATE, rollout: Rollout.abTest({ cookie: 'cohort', value: 'b' }) });
  const spoilt = (route: HttpRoute, from: string | RegExp, to: string): HttpRoute => {
    const text = JSON.stringify(route);
    expect(text.replace(from, to)).not.toBe(text);
    return JSON.parse(text.replace(from, to)) as HttpRoute;
  };

  test.each<[string, HttpRoute, Parameters<typeof complaints>[1]]>([
    ['weights swapped', spoilt(canary, /"weight":75(.*)"weight":25/, '"weight":25$1"weight":75'), { percent: 25 }],
    ['weights left out', spoilt(canary, /,"weight":\d+/g, ''), { percent: 25 }],
    ['no rewrite', spoilt(canary, /"filters":\[.*?\],"backendRefs"/, '"backendRefs"'), { percent: 25 }],
    ['copies of everything', spoilt(shadow, ',"percent":20', ''), { copies: 20 }],
    ['copies to the stable version', spoilt(shadow, '"name":"chat-candidate"', '"name":"chat"'), { copies: 20 }],
    ['a cookie that is part of another', spoilt(cookie, '(.*;\\\\s*)?', '.*'), { request: { ...COMPLETIONS, headers: { cookie: 'xcohort=b' } } }],
    ['an A/B test without its header', spoilt(cookie, /,"headers":\[.*?\]\}/, '}'), { request: COMPLETIONS }],
  ])('%s', (_, route, expected) => {
    expect(complaints(route, expected)).not.toEqual([]);
  });

  test('and without it there is nothing to complain about', () => {
    expect([...complaints(canary, { percent: 25 }), ...complaints(shadow, { copies: 20 }), ...complaints(cookie, { request: COMPLETIONS })]).toEqual([]);
  });
});

describe('any rollout', () => {
  const text = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);

  test('a canary divides by its percentage, whatever the steps', () => fc.assert(fc.property(
    fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }), fc.nat(5), (unsorted, at) => {
      const steps = [...unsorted].sort((a, b) => a - b);
      const step = at % (steps.length + 1);
      expect(complaints(routeOf({ candidate: CANDIDATE, rollout: Rollout.canary({ steps, step }) }), { percent: step === 0 ? 0 : steps[step - 1] })).toEqual([]);
    }), { numRuns: 50 }));

  test('an A/B test takes the value itself, and nothing that only looks like it', () => fc.assert(fc.property(text, text, fc.boolean(), (value, other, byCookie) => {
    let rollout: Rollout;
    try {
      rollout = Rollout.abTest(byCookie ? { cookie: 'c.h', value } : { header: 'x-c', value });
    } catch (error) {
      expect(String(error)).toContain('[invalid-value]');
      return;
    }
    const route = routeOf({ candidate: CANDIDATE, rollout });
    const sent = (it: string): string | undefined => ask([route], { ...COMPLETIONS, headers: byCookie ? { cookie: `a=1; c.h=${it}` } : { 'x-c': it } }, seeded(1)).backend;
    expect(sent(value)).toBe(NEW);
    if (other !== value && !other.includes(';')) expect(sent(other)).toBe(STABLE);
  }), { numRuns: 500 }));
});
