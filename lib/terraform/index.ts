/**
 * The same platform for Terraform, on cdktn.
 *
 * The order matters: a missing engine is told in one sentence before anything that needs it is loaded.
 */
import './private/require-engine';

export * as cluster from './cluster';
export * as data from './data';
export * as network from './network';
