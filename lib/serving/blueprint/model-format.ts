/** Protocols that model servers speak over REST. */
export enum InferenceProtocol {
  /** TensorFlow Serving's: `POST /v1/models/<name>:predict`. https://www.tensorflow.org/tfx/serving/api_rest */
  V1 = 'v1',
  /** The Open Inference Protocol: `POST /v2/models/<name>/infer`. https://github.com/kserve/open-inference-protocol */
  V2 = 'v2',
}
