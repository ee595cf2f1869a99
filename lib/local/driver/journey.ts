import type { Conversation, Facts } from './conversation';
import type { StackOutputs } from './deployment';
import type { Emulator } from './emulator';
import type { KubernetesOutcome } from './kubernetes';
import type { PlatformAddresses } from './platform-addresses';
import type { Run } from './run';
import type { Supervisor } from './supervisor';
import type { Assembly } from './synthesis';

/** What is asked for. */
export interface RunOptions {
  readonly stacks: string;
  /** File of another CDK app. @default - stacks/<stacks>/app.ts */
  readonly app?: string;
  readonly kubernetes: boolean;
  readonly keep: boolean;
}

/** What the steps leave for each other and for the table at the end. */
export interface Journey {
  readonly run: Run;
  readonly supervisor: Supervisor;
  readonly options: RunOptions;
  /** Whether progress within a step is shown. */
  readonly chatty: boolean;
  python: string;
  kubernetes?: KubernetesOutcome;
  assembly?: Assembly;
  /** Settled when the embedded AWS can be deployed to. */
  embedded?: Promise<void>;
  emulator?: Emulator;
  conversation?: Conversation;
  outputs: StackOutputs;
  addresses?: PlatformAddresses;
  /** What each step of the model life found out, by name. */
  readonly facts: Record<string, Facts>;
  /** How long each step took, in seconds, in order. */
  readonly durations: Array<readonly [title: string, seconds: number]>;
}
