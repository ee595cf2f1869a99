/** What went wrong in a step, in words for the person who started the run; never shown with a stack trace. */
export class StepFailure extends Error {
  /** @param message lower case, what happened
   * @param details `hint`: what to do about it; `log`: the file whose last lines tell more
   */
  constructor(message: string, public readonly details: { readonly hint?: string; readonly log?: string } = {}) {
    super(message);
    this.name = 'StepFailure';
  }
}

/** Ctrl-C, or the terminal went away. */
export class Interrupted extends Error {
  constructor(public readonly signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
  }

  /** Shell convention: 128 and the signal's number. */
  public get exitCode(): number {
    return { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[this.signal as string] ?? 1;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
