import { createHash } from 'crypto';
import { mkdirSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { type FileAssetLocation, FileAssetPackaging, Lazy, Stack, Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { fail } from '../../core/private/faults';

/** `feature-tables.json` as an asset whose text is known only when the app is synthesized: views may come until then. */
export class TablesFile {
  private text = '';
  private location?: FileAssetLocation;

  constructor(private readonly scope: Construct, private readonly render: () => string) {}

  /** Its address on S3. */
  get uri(): string {
    return Lazy.uncachedString({ produce: () => this.published().s3ObjectUrl });
  }

  /** Its ARN on S3. */
  get arn(): string {
    return Lazy.uncachedString({
      produce: () => {
        const { bucketName, objectKey } = this.published();
        return Stack.of(this.scope).formatArn({ service: 's3', region: '', account: '', resource: bucketName, resourceName: objectKey });
      },
    });
  }

  private published(): FileAssetLocation {
    const text = this.render();
    if (this.location && text === this.text) return this.location;
    this.text = text;
    this.location = publish(this.scope, text);
    return this.location;
  }
}

function publish(scope: Construct, text: string): FileAssetLocation {
  const stage = Stage.of(scope) ?? fail(scope.node.path, 'no-app', 'the store is in no app; make its stack in an App');
  const sourceHash = createHash('sha256').update(text).digest('hex');
  const file = join(stage.assetOutdir, `feature-tables.${sourceHash}.json`);
  mkdirSync(stage.assetOutdir, { recursive: true });
  writeFileSync(file, text);
  return Stack.of(scope).synthesizer.addFileAsset({
    packaging: FileAssetPackaging.FILE, sourceHash, fileName: relative(stage.outdir, file), displayName: `Tables of ${scope.node.path}`,
  });
}
