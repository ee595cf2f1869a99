import { IConstruct } from 'constructs';
import { Fault, isValidationError, ValidationError } from './validation-error';

/**
 * Collects every fault of one construct, so that a user reads all of them at once and before anything exists.
 *
 * ```ts
 * const faults = Faults.of(scope, id);
 * faults.check(props.maxGpus > 0, 'invalid-max-gpus', `maxGpus ${props.maxGpus} is not a positive integer`);
 * faults.throwIfAny();
 * ```
 */
export class Faults {
  /** Faults of the construct `id` that is about to be made in `scope`; the first of them is an id that is taken. */
  static of(scope: IConstruct, id: string): Faults {
    const faults = new Faults(scope.node.path === '' ? id : `${scope.node.path}/${id}`);
    const where = scope.node.path === '' ? 'the app' : `'${scope.node.path}'`;
    faults.check(scope.node.tryFindChild(id) === undefined, 'duplicate-id', `id '${id}' is taken in ${where}; choose another id`);
    return faults;
  }

  /** Faults of a construct that exists. */
  static ofConstruct(construct: IConstruct): Faults {
    return new Faults(construct.node.path);
  }

  /** Faults of something that is not in a tree, such as a blueprint or a choice class. */
  static at(path: string): Faults {
    return new Faults(path);
  }

  private readonly found: Fault[] = [];

  private constructor(readonly path: string) {}

  /** True as long as nothing is wrong. */
  get ok(): boolean {
    return this.found.length === 0;
  }

  /** How many faults were found so far. */
  get count(): number {
    return this.found.length;
  }

  /** Notes a fault, once: an outer and an inner check may both find it. */
  add(code: string, message: string): this {
    if (!this.found.some((fault) => fault.code === code && fault.message === message)) this.found.push({ code, message });
    return this;
  }

  /** Notes a fault unless the condition holds; says whether it held. */
  check(condition: boolean, code: string, message: string): boolean {
    if (!condition) this.add(code, message);
    return condition;
  }

  /** Runs a function that may throw a ValidationError and takes over its faults. */
  collect<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!isValidationError(error)) throw error;
      for (const { code, message } of error.faults) this.add(code, message);
      return undefined;
    }
  }

  /** Throws one ValidationError with every fault, if there is one. */
  throwIfAny(): void {
    if (this.found.length > 0) throw new ValidationError(this.path, this.found);
  }
}

/** Throws a ValidationError with a single fault. */
export function fail(path: string, code: string, message: string): never {
  throw new ValidationError(path, [{ code, message }]);
}
