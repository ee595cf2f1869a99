/** Size of a tracking server. https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-create-tracking-server.html */
export enum MlflowServerSize {
  /** Up to about 25 people. */
  SMALL = 'Small',
  /** Up to about 50 people. */
  MEDIUM = 'Medium',
  /** Up to about 100 people. */
  LARGE = 'Large',
}
