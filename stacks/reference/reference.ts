import type { App } from 'aws-cdk-lib';
import { type Starter, starterPlatform, type StarterProps } from '../starter/starter';

/** What can be chosen about the reference platform. */
export interface ReferenceProps extends StarterProps {}

/** The parts of a deployed reference platform. */
export interface Reference extends Starter {}

/** The starter, unchanged, and what grows from it. */
export function referencePlatform(app: App, props: ReferenceProps = {}): Reference {
  return starterPlatform(app, props);
}
