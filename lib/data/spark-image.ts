import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';
import { emrImage } from './blueprint/spark';
import { SparkArchitecture } from './blueprint/spark-architecture';
import { runtimeAsset } from '../core/private/runtime-asset';

/** What the workers of an application run in. */
export class SparkImage {
  /**
   * EMR's image of the application's release, with Python 3.11, Great Expectations and the library's checks beside what EMR has: an
   * application with it can run `SparkQualityCheck`, and every other job as before. It is built from the sources in this package and
   * lies in the repository of the app's container assets, which `cdk bootstrap` lets EMR Serverless read.
   *
   * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/application-custom-image.html
   */
  static quality(): SparkImage {
    return new SparkImage(undefined);
  }

  /**
   * An image of your own in ECR, in the region of the application. The policy of its repository has to let `emr-serverless.amazonaws.com` in.
   *
   * @param uri for example `123456789012.dkr.ecr.eu-west-1.amazonaws.com/spark:v1`
   * @param checksQuality whether it has what `SparkImage.quality()` has, in the same places
   */
  static fromUri(uri: string, checksQuality: boolean = false): SparkImage {
    return new SparkImage(uri, checksQuality);
  }

  private constructor(
    private readonly uri: string | undefined,
    /** @internal */
    readonly _checksQuality: boolean = true,
  ) {}

  /** @internal */
  _bind(scope: Construct, releaseLabel: string, architecture: SparkArchitecture): string {
    if (this.uri !== undefined) return this.uri;
    const { directory, target, exclude } = runtimeAsset('quality-spark');
    const platform = architecture === SparkArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64;
    return new DockerImageAsset(scope, 'Image', { directory, target, exclude, platform, buildArgs: { EMR_IMAGE: emrImage(releaseLabel) } }).imageUri;
  }
}
