import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
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

/** A stack without account and region. */
export function newStack(id = 'Platform', app = new App()): Stack {
  return new Stack(app, id);
}

/** An image that needs no build. */
export const image = ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:1.37');
