import { isValidationError } from '../../lib/core/private/validation-error';

/** The faults that a call throws, as `[code] message`. Fails if it throws nothing or something else. */
export function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return error.faults.map(({ code, message }) => `[${code}] ${message}`);
  }
  throw new Error('nothing was thrown');
}
