import { isValidationError } from '../../lib/core/private/validation-error';

/** The faults of the ValidationError that a function throws, as `[code] message`; any other outcome fails the test. */
export function faultsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return error.faults.map(({ code, message }) => `[${code}] ${message}`);
  }
  throw new Error('no ValidationError was thrown');
}
