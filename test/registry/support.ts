import { readdirSync, readFileSync } from 'node:fs';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { parse } from 'yaml';
import type { ManifestRelease } from '../../lib/cluster/manifest-release';

/** The objects of a release: those of its generated chart, with Helm's escapes undone and `<T0>` for its values. */
export function objectsOf(release: ManifestRelease): any[] {
  const folder = (release.node.findChild('Chart') as Asset).assetPath;
  return readdirSync(`${folder}/templates`).map((file) => parse(
    readFileSync(`${folder}/templates/${file}`, 'utf8').replace(/\{\{ \.Values\.(T\d+) .*?\}\}/g, '<$1>').replace(/\{\{"(\{+)"\}\}/g, '$1'),
  ));
}
