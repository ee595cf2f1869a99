const MARK = Symbol.for('cdk-ml-platform.ValidationError');

/** One thing that is wrong: the property, what was given, what is allowed, what to do. */
export interface Fault {
  /** Stable kebab-case code that tests and users can match on. */
  readonly code: string;
  /** Lower case, no full stop: property, given, allowed, next step. */
  readonly message: string;
}

/**
 * The one error that the library throws for wrong input. It carries every fault of one construct.
 *
 * Not exported from the package: jsii languages see only the text, so each code is part of the message.
 */
export class ValidationError extends Error {
  readonly [MARK] = true;
  readonly path: string;
  readonly faults: Fault[];

  constructor(path: string, faults: Fault[]) {
    super(render(path, faults));
    this.name = 'ValidationError';
    this.path = path;
    this.faults = [...faults];
  }

  /** Codes in the order in which the faults were found. */
  get codes(): string[] {
    return this.faults.map((fault) => fault.code);
  }
}

/** Recognises the error by its mark: two copies of the package may be loaded. */
export function isValidationError(value: unknown): value is ValidationError {
  return typeof value === 'object' && value !== null && MARK in value;
}

function render(path: string, faults: Fault[]): string {
  const [first, ...others] = faults;
  const where = path === '' ? 'ValidationError' : `ValidationError at ${path}`;
  if (first && others.length === 0) return `${where} [${first.code}]: ${first.message}`;
  const list = faults.map((fault) => `  - [${fault.code}] ${fault.message}`).join('\n');
  return `${where}: ${faults.length} faults\n${list}`;
}
