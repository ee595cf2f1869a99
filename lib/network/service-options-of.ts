import type { InternalServiceOptions } from './internal-service-props';

/**
 * The choices about a service in the properties of a construct that is built on one, and nothing else of them.
 *
 * @param otherwise what the construct needs where its user says nothing
 * @internal
 */
export function serviceOptionsOf(props: InternalServiceOptions, otherwise: InternalServiceOptions = {}): InternalServiceOptions {
  return {
    cpu: props.cpu ?? otherwise.cpu,
    memoryLimitMiB: props.memoryLimitMiB ?? otherwise.memoryLimitMiB,
    cpuArchitecture: props.cpuArchitecture ?? otherwise.cpuArchitecture,
    desiredCount: props.desiredCount ?? otherwise.desiredCount,
    scaling: props.scaling ?? otherwise.scaling,
    alarmThresholds: props.alarmThresholds ?? otherwise.alarmThresholds,
    alarmActions: props.alarmActions ?? otherwise.alarmActions,
    cluster: props.cluster ?? otherwise.cluster,
    containerInsights: props.containerInsights ?? otherwise.containerInsights,
    logRetention: props.logRetention ?? otherwise.logRetention,
    logRemovalPolicy: props.logRemovalPolicy ?? otherwise.logRemovalPolicy,
    listenerPriority: props.listenerPriority ?? otherwise.listenerPriority,
  };
}
