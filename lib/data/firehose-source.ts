import { Fn, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import { FirehoseSourceKind, kinesisSourceActions, mskSourceStatements } from './blueprint/firehose-ingestion';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';

/** A topic of an MSK cluster. */
export interface MskTopicAttributes {
  /** ARN of the cluster, provisioned or serverless, with IAM authentication. */
  readonly clusterArn: string;
  /** Name of the topic. */
  readonly topicName: string;
  /**
   * Whether Firehose reaches the cluster inside of AWS. The cluster needs multi-VPC connectivity by IAM, and a policy that lets
   * `firehose.amazonaws.com` in. Otherwise it is reached by its public brokers.
   *
   * @default true
   */
  readonly privateConnectivity?: boolean;
}

/** Where the records of an ingestion come from. */
export class FirehoseSource {
  /** Programs put records themselves: give them the right by `grants.put`. */
  static directPut(): FirehoseSource {
    return new FirehoseSource('DirectPut', () => ({ deliveryStreamType: 'DirectPut' }));
  }

  /**
   * A Kinesis stream, from where it stands when the ingestion is made.
   *
   * @param stream the stream
   */
  static kinesis(stream: kinesis.IStream): FirehoseSource {
    return new FirehoseSource('KinesisStreamAsSource', (role) => {
      role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: kinesisSourceActions(), resources: [stream.streamArn] }));
      stream.encryptionKey?.grantDecrypt(role);
      return {
        deliveryStreamType: 'KinesisStreamAsSource',
        kinesisStreamSourceConfiguration: { kinesisStreamArn: stream.streamArn, roleArn: role.roleArn },
      };
    });
  }

  /**
   * A topic of an MSK cluster, from where it stands when the ingestion is made.
   *
   * @param topic the topic
   */
  static mskTopic(topic: MskTopicAttributes): FirehoseSource {
    return new FirehoseSource('MSKAsSource', (role) => {
      const { clusterArn, topicName } = topic;
      const statements = mskSourceStatements({
        cluster: clusterArn, topic: inside(clusterArn, 'topic', topicName), groups: inside(clusterArn, 'group', '*'),
      });
      for (const { actions, resources } of statements) {
        role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources }));
        acknowledgeWildcards(role, resources, 'Firehose names its consumer groups; the cluster is the limit');
      }
      return {
        deliveryStreamType: 'MSKAsSource',
        mskSourceConfiguration: {
          mskClusterArn: clusterArn,
          topicName,
          authenticationConfiguration: { roleArn: role.roleArn, connectivity: topic.privateConnectivity === false ? 'PUBLIC' : 'PRIVATE' },
        },
      };
    });
  }

  private constructor(
    /** @internal */
    readonly _kind: FirehoseSourceKind,
    /** @internal */
    readonly _bind: (role: iam.IRole) => Partial<firehose.CfnDeliveryStreamProps>,
  ) {}
}

/** ARN of a topic or group, from its cluster's: `...:cluster/name/uuid` becomes `...:topic/name/uuid/topic`. */
function inside(clusterArn: string, resource: string, name: string): string {
  if (!Token.isUnresolved(clusterArn)) return `${clusterArn.replace(':cluster/', `:${resource}/`)}/${name}`;
  return Fn.join('', [Fn.select(0, Fn.split(':cluster/', clusterArn)), `:${resource}/`, Fn.select(1, Fn.split(':cluster/', clusterArn)), `/${name}`]);
}
