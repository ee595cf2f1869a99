import * as fs from 'node:fs';
import type { Run } from './run';

/** A line of the emulator's report. */
export interface ReportEntry {
  readonly kind: 'emulated' | 'stubbed' | 'process' | 'database' | 'recorded' | 'applied' | 'not-run';
  readonly type: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly detail: string;
}

/** What the emulator says about everything that it was asked to make. */
export class EmulatorReport {
  /** Reads the report of a run; empty when there is none. */
  public static read(run: Run): EmulatorReport {
    const file = run.path('emulator', 'report.jsonl');
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    return new EmulatorReport(lines.map(line => JSON.parse(line)));
  }

  constructor(private readonly entries: readonly ReportEntry[]) {}

  /** The entries of one kind. */
  public of(kind: ReportEntry['kind']): readonly ReportEntry[] {
    return this.entries.filter(entry => entry.kind === kind);
  }

  /** How many resources of each type, most first. */
  public counts(kind: ReportEntry['kind'], stack?: string): Array<readonly [type: string, count: number]> {
    const counts = new Map<string, number>();
    for (const entry of this.of(kind)) {
      if (stack === undefined || entry.stack === stack) counts.set(entry.type, (counts.get(entry.type) ?? 0) + 1);
    }
    return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  }

  /** The stacks that were deployed, in the order of their first resource. */
  public get stacks(): string[] {
    return [...new Set(this.entries.map(entry => entry.stack).filter(Boolean))];
  }
}
