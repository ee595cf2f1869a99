import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { FargateModelService } from '../../lib/serving/fargate-model-service';
import { starterPlatform } from '../../stacks/starter/starter';

interface DockerImage {
  readonly source: { readonly directory: string; readonly dockerBuildTarget?: string; readonly platform?: string };
}

const app = new App();
starterPlatform(app);
const assembly = app.synth();

function imageOf(stack: string): DockerImage['source'] {
  const manifest = JSON.parse(readFileSync(join(assembly.directory, `${stack}.assets.json`), 'utf8')) as { dockerImages: Record<string, DockerImage> };
  const images = Object.values(manifest.dockerImages);
  expect(images).toHaveLength(1);
  return (images[0] as DockerImage).source;
}

test.each([['MlPlatform-Registry', 'registry'], ['MlPlatform-Tumours', 'serving']])('the image of %s is the target %s of the runtime, for x86', (stack, target) => {
  expect(imageOf(stack)).toMatchObject({ dockerBuildTarget: target, platform: 'linux/amd64' });
});

test('the build context has what the Dockerfile copies, and nothing that a test run leaves behind', () => {
  const directory = join(assembly.directory, imageOf('MlPlatform-Tumours').directory);
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const dockerfile = readFileSync(join(directory, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(\S+)/gm)].map(([, source]) => source as string);
  expect(copied.length).toBeGreaterThan(0);
  expect(copied.filter((source) => !existsSync(join(directory, source)))).toEqual([]);
  expect([...dockerfile.matchAll(/^FROM base AS (\w+)$/gm)].map(([, target]) => target).sort()).toEqual(['data', 'features', 'quality', 'registry', 'serving']);
  for (const target of ['data', 'features', 'quality', 'registry', 'serving']) {
    expect(dockerfile).toContain(`FROM build AS ${target}-build\nCOPY requirements/${target}.lock `);
    // the code last: it changes more often than dependencies
    expect(dockerfile).toContain(`FROM base AS ${target}\nCOPY --from=${target}-build /opt/venv /opt/venv\nCOPY --from=code /opt/runtime /opt/runtime\n`);
  }
  expect(files).toContain('src/ml_platform_runtime/__main__.py');
  expect(files.filter((file) => /__pycache__|\.pyc$|^tests|\.venv|egg-info|pytest_cache/.test(file))).toEqual([]);
});

test('the container may write where it has a volume, because the image declares it', () => {
  const dockerfile = readFileSync(join(assembly.directory, imageOf('MlPlatform-Registry').directory, 'Dockerfile'), 'utf8');
  const template = assembly.getStackByName('MlPlatform-Registry').template as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };
  const definitions = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
  const mounts = definitions.flatMap(({ Properties }) => Properties.ContainerDefinitions as { MountPoints: { ContainerPath: string }[] }[])
    .flatMap(({ MountPoints }) => MountPoints.map(({ ContainerPath }) => ContainerPath));
  expect(mounts).toEqual(['/tmp']);
  for (const mount of mounts) expect(dockerfile).toContain(`VOLUME ["${mount}"]`);
});

test('tasks for ARM get an image for ARM', () => {
  const other = new App();
  const { network, models } = starterPlatform(other);
  new FargateModelService(new Stack(other, 'Arm'), 'Fraud', {
    network, model: models.model('fraud').alias('champion'), cpuArchitecture: ecs.CpuArchitecture.ARM64,
  });
  const directory = other.synth().directory;
  const { dockerImages } = JSON.parse(readFileSync(join(directory, 'Arm.assets.json'), 'utf8')) as { dockerImages: Record<string, DockerImage> };
  expect(Object.values(dockerImages).map(({ source }) => source.platform)).toEqual(['linux/arm64']);
});
