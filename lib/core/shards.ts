import { Annotations, Aspects, CfnElement, CfnOutput, CfnResource, Stack, Validations, type Environment, type IAspect } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { checkInteger, checkText, type TextRule } from './private/checks';
import { Faults } from './private/faults';
import { stableHash } from './private/stable-hash';

/** What CloudFormation takes in one template. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LIMITS = { resources: 500, outputs: 200 } as const;
/** Share of a limit from which on there is a warning. */
const WARN_FROM = 0.9;

const ITEM: TextRule = { pattern: /^.{1,200}$/s, allowed: '1 to 200 characters' };

/** Properties of shards. */
export interface ShardsProps {
  /**
   * Number of stacks, 1 to 100. It is fixed at birth: with another number most items would belong to another stack, and moving
   * them means deleting and making them again. About one stack for every 20 services leaves room to grow.
   */
  readonly count: number;

  /**
   * Account and region of the stacks.
   *
   * @default - as the scope's
   */
  readonly env?: Environment;

  /**
   * Whether CloudFormation refuses to delete the stacks.
   *
   * @default false
   */
  readonly terminationProtection?: boolean;
}

/**
 * A fixed number of stacks for many constructs of one kind, such as one service for each team: no template grows over
 * CloudFormation's limits. An item belongs to a stack by a stable hash of its name, so adding or removing others never moves it.
 *
 * A stack that comes within a tenth of the limit of resources or outputs is told so at synthesis
 * (`cdk-ml-platform:template-limit`); of a template's bytes aws-cdk-lib warns itself, from 80 % on.
 *
 * Fails with `invalid-count` or `invalid-item`.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export class Shards extends Construct {
  /** The stacks, in the order of their numbers. */
  readonly stacks: Stack[];

  constructor(scope: Construct, id: string, props: ShardsProps) {
    const faults = Faults.of(scope, id);
    checkInteger(faults, 'count', props.count, { min: 1, max: 100 });
    faults.throwIfAny();
    super(scope, id);
    this.stacks = Array.from({ length: props.count }, (_, index) =>
      new Stack(this, String(index), { env: props.env, terminationProtection: props.terminationProtection }));
    for (const stack of this.stacks) {
      Validations.of(stack).acknowledge({ id: 'CloudFormation-Validate::F0001', reason: 'a shard without items has no resources; the CDK CLI does not deploy it' });
    }
    Aspects.of(this).add(new LimitWarning());
  }

  /**
   * The stack that an item belongs to, today and after every other change.
   *
   * @param item name of the item, for example the service's; any text that never changes
   */
  stackFor(item: string): Stack {
    const faults = Faults.ofConstruct(this);
    checkText(faults, 'item', item, ITEM);
    faults.throwIfAny();
    return this.stacks[stableHash(item) % this.stacks.length] as Stack;
  }
}

/** Warns before CloudFormation refuses a template. */
class LimitWarning implements IAspect {
  visit(node: IConstruct): void {
    if (!Stack.isStack(node)) return;
    const own = node.node.findAll().filter((child) => Stack.of(child) === node);
    this.compare(node, 'resources', own.filter((child) => CfnResource.isCfnResource(child)).length);
    this.compare(node, 'outputs', own.filter((child) => isOutput(child)).length);
  }

  private compare(stack: Stack, what: keyof typeof LIMITS, count: number): void {
    if (count < LIMITS[what] * WARN_FROM) return;
    Annotations.of(stack).addWarningV2('cdk-ml-platform:template-limit',
      `the stack has ${count} ${what}, and CloudFormation takes ${LIMITS[what]}; put new items into further Shards`);
  }
}

/** Two copies of aws-cdk-lib may be loaded, so not by its class. */
function isOutput(child: IConstruct): boolean {
  return CfnElement.isCfnElement(child) && child.constructor.name === CfnOutput.name;
}
