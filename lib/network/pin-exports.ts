export { pinExports } from './private/pinned-exports';
