import { type App, CloudFormationValidatePlugin, type IPolicyValidationContext } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

/** Something that an oracle says about a template. */
export interface Finding {
  readonly rule: string;
  readonly where: string;
  readonly message: string;
}

/** A finding that we know, and why it is no fault. */
export interface Explanation {
  readonly rule: string;
  /** Part of the message, so that a new finding of the same rule is not covered. */
  readonly message: RegExp;
  readonly reason: string;
}

/** Findings that nobody has explained. */
export function unexplained(findings: Finding[], explanations: Explanation[]): Finding[] {
  return findings.filter(({ rule, message }) => !explanations.some((one) => one.rule === rule && one.message.test(message)));
}

/** The validator that ships with aws-cdk-lib: CloudFormation's own schemas and rules. */
export function validate(app: App): Finding[] {
  // the paths alone are ignored without a word
  const stackTemplates = app.synth().stacks.map(({ templateFullPath, hierarchicalId }) => ({
    templatePath: templateFullPath, stackConstructPath: hierarchicalId, accountId: undefined, region: undefined,
  }));
  const context: IPolicyValidationContext = { templatePaths: stackTemplates.map(({ templatePath }) => templatePath), stackTemplates, appConstruct: app };
  const { violations } = CloudFormationValidatePlugin._singletonInstance().validate(context);
  return violations.flatMap(({ ruleName, description, violatingResources }) => violatingResources.map((resource) => ({
    rule: ruleName, where: `${resource.templatePath?.split('/').pop()} ${resource.resourceLogicalId ?? ''}`.trim(), message: description,
  })));
}

/** cdk-nag's rules of AWS solutions, with what constructs have acknowledged left out. */
export function nag(app: App): Finding[] {
  app.synth();
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations.flatMap(({ ruleName, description, violatingResources }) => violatingResources.map(({ constructPath }) => ({
    rule: ruleName, where: constructPath ?? '', message: description,
  })));
}
