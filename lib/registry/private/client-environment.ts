import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { clientSecrets } from './basic-login';
import type { MlflowClientEnvironment } from '../interfaces';

/** What MLflow's SDK needs to find the server and to log in. */
export function clientEnvironmentOf(trackingUri: string, machineLogin?: secretsmanager.ISecret): MlflowClientEnvironment {
  return {
    variables: { MLFLOW_TRACKING_URI: trackingUri, MLFLOW_DISABLE_TELEMETRY: 'true' },
    secrets: machineLogin ? clientSecrets(machineLogin) : {},
  };
}
