import { dirname, join } from 'path';
import { TerraformStack, type ISynthesisSession } from 'cdktn';
import type { IConstruct } from 'constructs';

/** How cdktf and cdktn find what a construct writes besides the program; cdktn exports no function for it. */
const CUSTOM_SYNTHESIS = Symbol.for('cdktf/customSynthesis');

/** Calls `write` at synthesis with the folder that holds the stack's program. */
export function onSynthesize(construct: IConstruct, write: (folder: string) => void): void {
  const onSession = (session: ISynthesisSession): void => {
    const { synthesizedStackPath } = session.manifest.forStack(TerraformStack.of(construct));
    write(dirname(join(session.outdir, synthesizedStackPath)));
  };
  Object.defineProperty(construct, CUSTOM_SYNTHESIS, { value: { onSynthesize: onSession }, enumerable: false });
}
