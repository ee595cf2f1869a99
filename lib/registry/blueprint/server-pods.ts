/** A variable of the server that the External Secrets Operator takes from Secrets Manager. */
export interface SecretVariable {
  readonly name: string;
  /** ARN or name of the secret. */
  readonly secret: string;
  /** Field of a secret that is a JSON object; undefined: the whole text. */
  readonly field?: string;
}

/** What is asked of the pods. */
export interface ServerPodsInput {
  /** Of all objects, and of the ServiceAccount. */
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Kubernetes' word: `amd64` or `arm64`. */
  readonly architecture: string;
  readonly command: string[];
  readonly environment: { readonly [name: string]: string };
  readonly secrets: SecretVariable[];
  /** Name of the ClusterSecretStore. */
  readonly secretStore: string;
  readonly port: number;
  readonly healthPath: string;
  /** How long a start may take, migrations included. */
  readonly startSeconds: number;
  /** As on Fargate: 1,024 is one virtual CPU. */
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly replicas: number;
  readonly targetGroupArn: string;
  /** Addresses of the load balancer. */
  readonly callers: string;
  readonly databasePort: number;
  readonly metrics?: { readonly port: number; readonly namespace: string };
}

/** The pods of the server, decided. */
export interface ServerPodsBlueprint extends ServerPodsInput {
  readonly labels: { readonly [name: string]: string };
  readonly cpuRequest: string;
  readonly memory: string;
  /** Looks at a server that starts, every `startupPeriod` seconds. */
  readonly startupPeriod: number;
  readonly startupLooks: number;
  /** Until the load balancer sends nothing more to a pod that goes. */
  readonly leaveSeconds: number;
  readonly graceSeconds: number;
  /** From two replicas on: one could never be moved. */
  readonly disruptionBudget: boolean;
}

const STARTUP_PERIOD = 5;
/** A deregistered target still gets requests for some seconds. */
const LEAVE_SECONDS = 20;
/** For the last answers: as the load balancer's own delay. */
const LAST_ANSWERS_SECONDS = 30;

/** Decides on the pods. */
export function serverPods(input: ServerPodsInput): ServerPodsBlueprint {
  return {
    ...input,
    labels: { 'app.kubernetes.io/name': 'mlflow', 'app.kubernetes.io/instance': input.name },
    cpuRequest: `${Math.round(input.cpu / 1.024)}m`,
    memory: `${input.memoryLimitMiB}Mi`,
    startupPeriod: STARTUP_PERIOD,
    startupLooks: Math.ceil(input.startSeconds / STARTUP_PERIOD),
    leaveSeconds: LEAVE_SECONDS,
    graceSeconds: LEAVE_SECONDS + LAST_ANSWERS_SECONDS,
    disruptionBudget: input.replicas > 1,
  };
}
