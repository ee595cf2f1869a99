import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import { image } from './support';
import { type JobTarget, machineSeconds, oneTaskMachine, runRights, runTaskState, waitRights } from '../../lib/network/blueprint/job-plan';
import { failedRunsAlarm, type JobPlace, jobCluster, makeJob, makeJobMachine } from '../../lib/network/fargate-job';
import { scheduleRuns } from '../../lib/network/schedule-runs';
import { textNetwork } from '../cluster/support';
import { nag } from '../conformance/cloudformation-oracles';

const TARGET: JobTarget = {
  partition: 'aws-cn', clusterArn: 'arn:cluster', taskDefinitionArn: 'arn:definition:7', subnets: ['subnet-a', 'subnet-b'], securityGroups: ['sg-1'],
  tasksArn: 'arn:task/*', roleArns: ['arn:task-role', 'arn:execution-role'], endRuleArn: 'arn:rule',
};
const PATIENCE = { timeoutSeconds: 600, tries: 3 };
const START_AGAIN = { ErrorEquals: ['ECS.AmazonECSException', 'ECS.ServerException'], IntervalSeconds: 30, MaxAttempts: 5, BackoffRate: 2 };

describe('the state that runs a task', () => {
  test('waits for its end in private subnets, hands on tags, starts again what did not start, and tries again what failed', () => {
    expect(runTaskState(TARGET, PATIENCE)).toEqual({
      Type: 'Task',
      Resource: 'arn:aws-cn:states:::ecs:runTask.sync',
      Parameters: {
        LaunchType: 'FARGATE',
        Cluster: 'arn:cluster',
        TaskDefinition: 'arn:definition:7',
        PropagateTags: 'TASK_DEFINITION',
        NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-a', 'subnet-b'], SecurityGroups: ['sg-1'], AssignPublicIp: 'DISABLED' } },
      },
      TimeoutSeconds: 600,
      Retry: [START_AGAIN, { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 60, MaxAttempts: 2, BackoffRate: 3 }],
    });
  });

  test('does not try a task again that ran, if it is to be tried once', () => {
    expect(runTaskState(TARGET, { ...PATIENCE, tries: 1 })).toMatchObject({ Retry: [START_AGAIN] });
  });

  test('gives the container variables of the run', () => {
    expect(runTaskState(TARGET, PATIENCE, [{ Name: 'ID', Value: '1' }])).toMatchObject({
      Parameters: { Overrides: { ContainerOverrides: [{ Name: 'Container', Environment: [{ Name: 'ID', Value: '1' }] }] } },
    });
  });

  test('is all there is in a machine of one task', () => {
    expect(oneTaskMachine(TARGET, PATIENCE)).toEqual({ StartAt: 'Run', States: { Run: { ...runTaskState(TARGET, PATIENCE), End: true } } });
  });

  test.each([1, 2, 3, 4])('ends by itself before its machine gives up, with %i tries', (tries) => {
    const { Retry } = runTaskState(TARGET, { timeoutSeconds: 600, tries }) as { Retry: { IntervalSeconds: number; MaxAttempts: number; BackoffRate: number }[] };
    const pauses = Retry.flatMap(({ IntervalSeconds, MaxAttempts, BackoffRate }) => Array.from({ length: MaxAttempts }, (_, index) => IntervalSeconds * BackoffRate ** index));
    const longest = tries * 600 + pauses.reduce((sum, pause) => sum + pause, 0);
    expect(machineSeconds({ timeoutSeconds: 600, tries })).toBeGreaterThan(longest);
  });
});

test('rights end at the task definition, the tasks of its cluster, its roles and one rule', () => {
  expect([...runRights(TARGET), ...waitRights(TARGET)]).toEqual([
    { actions: ['ecs:RunTask'], resources: ['arn:definition:7'], conditions: { ArnEquals: { 'ecs:cluster': 'arn:cluster' } } },
    { actions: ['ecs:TagResource'], resources: ['arn:task/*'], conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } },
    { actions: ['ecs:StopTask', 'ecs:DescribeTasks'], resources: ['arn:task/*'] },
    { actions: ['iam:PassRole'], resources: ['arn:task-role', 'arn:execution-role'], conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
    { actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], resources: ['arn:rule'] },
  ]);
});

function make(place: Partial<JobPlace> = {}, ids = ['Job']): { app: App; stack: Stack; template: Template } {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const network = textNetwork(stack);
  const cluster = jobCluster(stack, 'Jobs', network.vpc);
  const action = new actions.SnsAction(sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-west-1:111122223333:alarms'));
  for (const id of ids) {
    const scope = new Stack(stack, id);
    const job = makeJob(scope, { command: ['work'], cpu: 256, memoryLimitMiB: 512, logPrefix: 'work' }, {
      network, cluster, image, environment: { KEY: 'value' }, logRetention: logs.RetentionDays.ONE_WEEK, description: 'A job', ...place,
    });
    const machine = makeJobMachine(scope, job, PATIENCE, oneTaskMachine(job.target, PATIENCE));
    const rate = (days: number) => scheduler.ScheduleExpression.rate(Duration.days(days));
    const deadLetters = scheduleRuns(scope, machine, { Daily: rate(1), Weekly: rate(7) });
    failedRunsAlarm(scope, 'Failed', machine, 'no work was done', [action], deadLetters);
    failedRunsAlarm(scope, 'Unscheduled', machine, 'nobody started it', []);
  }
  return { app, stack, template: Template.fromStack(stack.node.findChild(ids[0] as string) as Stack) };
}

describe('a job', () => {
  const { app, template } = make({}, ['Job', 'Other']);

  test('runs as an ordinary user on a read-only file system, with room to write in /tmp', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '256', Memory: '512', RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' }, Volumes: [{ Name: 'tmp' }],
      ContainerDefinitions: [Match.objectLike({
        Command: ['work'], User: '10001:10001', ReadonlyRootFilesystem: true, Secrets: Match.absent(),
        Environment: [{ Name: 'KEY', Value: 'value' }, { Name: 'HOME', Value: '/tmp' }],
        MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' }],
        LogConfiguration: Match.objectLike({ Options: Match.objectLike({ 'awslogs-stream-prefix': 'work' }) }),
      })],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });

  test('is run by a machine that gives up later than its task, whose definition says so', () => {
    const [{ Properties } = { Properties: {} }] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
    const { DefinitionString } = Properties as { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
    const text = DefinitionString['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'x')).join('');
    expect(JSON.parse(text)).toMatchObject({ StartAt: 'Run', TimeoutSeconds: 3 * 600 + 1800 });
  });

  test('is started by the clock; what could not be started within an hour is kept', () => {
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
    template.resourceCountIs('AWS::SQS::Queue', 1);
    const [[queue] = ['']] = Object.entries(template.findResources('AWS::SQS::Queue'));
    for (const ScheduleExpression of ['rate(1 day)', 'rate(7 days)']) {
      template.hasResourceProperties('AWS::Scheduler::Schedule', {
        ScheduleExpression,
        Target: Match.objectLike({ Input: '{}', RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 185 }, DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queue, 'Arn'] } } }),
      });
    }
  });

  test('rings when a run fails, takes too long or could not be started', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: 'no work was done', Threshold: 0, ComparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD, TreatMissingData: 'notBreaching',
      AlarmActions: ['arn:aws:sns:eu-west-1:111122223333:alarms'],
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'FILL(failed, 0) + FILL(late, 0) + FILL(lost, 0)' }),
        Match.objectLike({ Id: 'lost', MetricStat: Match.objectLike({ Metric: Match.objectLike({ Namespace: 'AWS/SQS', MetricName: 'ApproximateNumberOfMessagesVisible' }) }) }),
      ]),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: 'nobody started it', Metrics: Match.arrayWith([Match.objectLike({ Expression: 'FILL(failed, 0) + FILL(late, 0)' })]),
    });
  });

  test('leaves cdk-nag with nothing to say, two of them beside each other', () => {
    expect(nag(app)).toEqual([]);
  });

  test('is let out to AWS alone if it calls nothing else', () => {
    template.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', IpProtocol: '-1' })] });
    const closed = make({ callsAwsOnly: true, cpuArchitecture: ecs.CpuArchitecture.ARM64 }).template;
    closed.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })] });
    closed.hasResourceProperties('AWS::ECS::TaskDefinition', { RuntimePlatform: { CpuArchitecture: 'ARM64' } });
  });
});
