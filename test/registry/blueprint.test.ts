import { readFileSync } from 'fs';
import { join } from 'path';
import fc from 'fast-check';
import { Faults } from '../../lib/core/private/faults';
import { isValidationError } from '../../lib/core/private/validation-error';
import { Access, accessStatements } from '../../lib/registry/blueprint/access';
import { type DatabaseInput, registryDatabase } from '../../lib/registry/blueprint/database';
import { checkAlias, checkArtifactPrefix, checkModelName, checkTrackingUri } from '../../lib/registry/blueprint/names';
import { releaseTable } from '../../lib/registry/blueprint/release-record';
import { registryServer, type RegistryServerInput } from '../../lib/registry/blueprint/server';

const input: RegistryServerInput = {
  domainName: 'ml.internal', protocol: 'http', listenerPort: 80, artifactBucketName: 'models', artifactPrefix: 'mlflow',
  databaseHost: 'db', databasePort: '5432', databaseName: 'mlflow', region: 'eu-west-1',
};

function faultsOf(run: (faults: Faults) => unknown): string[] {
  const faults = Faults.at('Stack/Models');
  run(faults);
  try {
    faults.throwIfAny();
    return [];
  } catch (error) {
    if (isValidationError(error)) return error.faults.map(({ code, message }) => `[${code}] ${message}`);
    throw error;
  }
}

describe('the MLflow server', () => {
  test('runs one worker without job execution in half a vCPU and 1 GB', () => {
    const plan = registryServer(Faults.at('x'), input);
    expect(plan).toStrictEqual({
      hostName: 'mlflow',
      trackingUri: 'http://mlflow.ml.internal',
      command: ['python', '-m', 'ml_platform_runtime', 'registry-server'],
      port: 5000,
      cpu: 512,
      memoryLimitMiB: 1024,
      healthPath: '/health',
      healthGraceSeconds: 180,
      secretFields: { ML_DATABASE_USER: 'username', ML_DATABASE_PASSWORD: 'password' },
      environment: {
        AWS_REGION: 'eu-west-1',
        HOME: '/tmp',
        ML_DATABASE_HOST: 'db',
        ML_DATABASE_PORT: '5432',
        ML_DATABASE_NAME: 'mlflow',
        MLFLOW_ARTIFACTS_DESTINATION: 's3://models/mlflow',
        MLFLOW_SERVER_ALLOWED_HOSTS: 'mlflow.ml.internal,mlflow.ml.internal:80,localhost,localhost:*,127.0.0.1,127.0.0.1:*',
        MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: 'http://mlflow.ml.internal',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        MLFLOW_WORKERS: '1',
        MLFLOW_DISABLE_TELEMETRY: 'true',
      },
    });
  });

  test('answers behind HTTPS under its name with and without the port', () => {
    const plan = registryServer(Faults.at('x'), { ...input, hostName: 'registry', protocol: 'https', listenerPort: 443, allowedHosts: ['ml.example.com:443'] });
    expect(plan.trackingUri).toBe('https://registry.ml.internal');
    expect(plan.environment.MLFLOW_SERVER_ALLOWED_HOSTS?.split(',')).toEqual(
      expect.arrayContaining(['registry.ml.internal', 'registry.ml.internal:443', 'ml.example.com:443']));
    expect(plan.environment.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS).toBe('https://registry.ml.internal');
  });

  test('lists every fault at once', () => {
    expect(faultsOf((faults) => registryServer(faults, {
      ...input, hostName: 'ML_flow', workers: 0.5, cpu: 300, allowedHosts: ['a,b'],
    }))).toEqual([
      "[invalid-host-name] hostName 'ML_flow' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      '[invalid-workers] workers 0.5 is not a whole number from 1 to 16; use a value in that range',
      '[invalid-cpu] cpu 300 is not a Fargate size; use one of 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units',
      "[invalid-allowed-hosts] allowedHosts 'a,b' is not allowed; use host names without commas, spaces or slashes, for example mlflow.example.com",
    ]);
  });

  test('refuses workers that the memory cannot hold', () => {
    expect(faultsOf((faults) => registryServer(faults, { ...input, workers: 4 }))).toEqual([
      '[too-little-memory] memoryLimitMiB 1024 is too little for workers 4, which need 1995 MiB with headroom; raise memoryLimitMiB or lower workers',
    ]);
    expect(faultsOf((faults) => registryServer(faults, { ...input, workers: 4, memoryLimitMiB: 2048 }))).toEqual([]);
  });
});

describe('the database', () => {
  test('is a small protected PostgreSQL', () => {
    expect(registryDatabase(Faults.at('x'), { destroy: false })).toMatchObject({
      engine: 'postgres', instanceType: 't4g.micro', storageGiB: 20, maxStorageGiB: 100, storageType: 'gp3',
      multiAz: false, backupDays: 7, port: 5432, deletionProtection: true,
    });
  });

  test.each<[Partial<DatabaseInput>, string]>([
    [{ instanceType: 'db.t4g.micro' }, "[invalid-instance-type] instanceType 'db.t4g.micro' is not allowed; use a class of RDS without `db.`, for example t4g.micro"],
    [{ storageGiB: 10 }, '[invalid-storage-gib] storageGiB 10 is not a whole number from 20 to 65536 GiB; use a value in that range'],
    [{ backupRetention: 0 }, '[invalid-backup-retention] backupRetention 0 is not a whole number from 1 to 35 days; use a value in that range'],
    [{ port: 80 }, '[invalid-port] port 80 is not a whole number from 1150 to 65535; use a value in that range'],
    [{ storageGiB: 100, maxStorageGiB: 105 },
      '[max-storage-too-near] maxStorageGiB 105 is neither storageGiB 100, which turns growth off, nor 10 % above it; raise it, or leave it out'],
  ])('refuses %j', (wrong, message) => {
    expect(faultsOf((faults) => registryDatabase(faults, { ...wrong, destroy: false }))).toEqual([message]);
  });
});

describe('rights', () => {
  const target = { releaseTableArn: 'arn:table', artifactBucketArn: 'arn:bucket', artifactPrefix: 'mlflow', modelName: 'fraud' };
  const leading = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['fraud'] } };
  const list = { subject: 'artifactBucket', actions: ['s3:ListBucket'], resources: ['arn:bucket'], conditions: { StringLike: { 's3:prefix': ['mlflow', 'mlflow/*'] } } };

  test('to serve are one record and the artifacts', () => {
    expect(accessStatements(Access.SERVE, target)).toStrictEqual([
      { subject: 'releaseTable', actions: ['dynamodb:GetItem'], resources: ['arn:table'], conditions: leading },
      { subject: 'artifactBucket', actions: ['s3:GetObject'], resources: ['arn:bucket/mlflow/*'] },
      list,
    ]);
  });

  test('to promote are the record alone, without its deletion', () => {
    expect(accessStatements(Access.PROMOTE, target)).toStrictEqual([
      { subject: 'releaseTable', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], resources: ['arn:table'], conditions: leading },
    ]);
  });

  test('end at one model only where one is named', () => {
    const [statement] = accessStatements(Access.PROMOTE, { ...target, modelName: undefined });
    expect(statement).not.toHaveProperty('conditions');
  });

  test('to register never reach the release record', () => {
    const statements = accessStatements(Access.REGISTER, target);
    expect(statements).toHaveLength(2);
    expect(statements.flatMap(({ actions }) => actions)).toEqual(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket']);
  });

  test.each(Object.values(Access))('to %s never delete anything and never hold a wildcard action', (access) => {
    const actions = accessStatements(access, target).flatMap((statement) => statement.actions);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => /delete|\*/i.test(action))).toEqual([]);
    // the history grows by conditional puts alone: nothing may change an item in place or write many without a condition
    expect(actions.filter((action) => /dynamodb:(Update|Batch|PartiQL)/.test(action))).toEqual([]);
  });
});

describe('the release table', () => {
  test('has the keys that the runtime reads and writes', () => {
    const runtime = readFileSync(join(__dirname, '../../lib/runtime/src/ml_platform_runtime/releases.py'), 'utf8');
    const { partitionKey, sortKey } = releaseTable(false);
    expect(runtime).toContain(`{"${partitionKey}": {"S": model}, "${sortKey}": {"S": CURRENT}}`);
  });

  test('is protected unless its data may go', () => {
    expect(releaseTable(false).deletionProtection).toBe(true);
    expect(releaseTable(true).deletionProtection).toBe(false);
  });
});

describe('names', () => {
  test.each(['fraud', 'Fraud Model_v2', 'a.b-c', 'x'.repeat(128)])('%j is a model', (name) => {
    expect(faultsOf((faults) => checkModelName(faults, name))).toEqual([]);
  });

  test.each(['', '-fraud', 'a/b', 'a:b', 'x'.repeat(129)])('%j is no model', (name) => {
    expect(faultsOf((faults) => checkModelName(faults, name))).toHaveLength(1);
  });

  test.each(['latest', 'V12', '', '1st', 'a b'])('%j is no alias', (name) => {
    expect(faultsOf((faults) => checkAlias(faults, name))).toHaveLength(1);
  });

  test('a prefix cannot open the bucket', () => {
    for (const prefix of ['', '*', '/', 'a/', '/a', 'a//b', 'a*', '${x}']) {
      expect(faultsOf((faults) => checkArtifactPrefix(faults, prefix))).toHaveLength(1);
    }
    expect(faultsOf((faults) => checkArtifactPrefix(faults, 'team-a/mlflow'))).toEqual([]);
  });

  test('a tracking address is http or https', () => {
    expect(faultsOf((faults) => checkTrackingUri(faults, 'postgresql://x'))).toEqual([
      "[invalid-tracking-uri] trackingUri 'postgresql://x' is not allowed; use the http or https address of an MLflow server, for example https://mlflow.example.com",
    ]);
  });
});

describe('random input is planned or refused by faults, never by another error', () => {
  const any = fc.oneof(fc.constant(undefined), fc.integer(), fc.double(), fc.integer({ min: 1, max: 16 }), fc.constantFrom(256, 512, 1024, 2048, 4096));

  test('for the server', () => {
    let planned = 0;
    fc.assert(fc.property(
      fc.record({
        workers: any, cpu: any, memoryLimitMiB: any, hostName: fc.option(fc.string(), { nil: undefined }),
        allowedHosts: fc.array(fc.string(), { maxLength: 2 }),
      }),
      (random) => {
        const faults = Faults.at('x');
        const plan = registryServer(faults, { ...input, ...random });
        if (!faults.ok) return;
        planned++;
        expect(plan.memoryLimitMiB).toBeGreaterThanOrEqual(490 + 280 * (Number(plan.environment.MLFLOW_WORKERS) - 1));
        expect(plan.hostName).toMatch(/^[a-z0-9-]{1,63}$/);
      }), { numRuns: 2000 });
    expect(planned).toBeGreaterThan(0);
  });

  test('for the database', () => {
    let planned = 0;
    const near = fc.oneof(any, fc.integer({ min: 20, max: 200 }));
    fc.assert(fc.property(
      fc.record({ storageGiB: near, maxStorageGiB: near, backupRetention: any, port: any, instanceType: fc.option(fc.string(), { nil: undefined }) }),
      (random) => {
        const faults = Faults.at('x');
        const plan = registryDatabase(faults, { ...random, destroy: false });
        if (!faults.ok) return;
        planned++;
        expect(plan.maxStorageGiB).toBeGreaterThanOrEqual(plan.storageGiB);
        expect(plan.backupDays).toBeGreaterThanOrEqual(1);
      }), { numRuns: 2000 });
    expect(planned).toBeGreaterThan(0);
  });
});
