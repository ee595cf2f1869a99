import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** How cfn-lint is started here, if it is here. */
export function findCfnLint(): string[] | undefined {
  const locked = process.env.ML_TEST_PYTHON;
  const candidates = [...locked ? [[join(dirname(locked), 'cfn-lint')]] : [], ['cfn-lint']];
  return candidates.find(([program, ...words]) => spawnSync(program ?? '', [...words, '--version']).status === 0);
}

interface CfnLintMatch {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path?: (string | number)[] };
}

/** cfn-lint over template files; of those that say the same, one is read. */
export function cfnLint([program = '', ...words]: string[], templates: string[]): Finding[] {
  const distinct = [...new Map(templates.map((path) => [readFileSync(path, 'utf8'), path])).values()];
  const { stdout, stderr, status } = spawnSync(program, [...words, '--format', 'json', '--', ...distinct], { encoding: 'utf8', maxBuffer: 64 << 20 });
  // 0: nothing found; 2, 4, 8 and their sums: errors, warnings, informations
  if (status === null || status % 2 === 1) throw new Error(`cfn-lint failed: ${stderr || stdout}`);
  const matches: CfnLintMatch[] = stdout.trim() === '' ? [] : JSON.parse(stdout) as CfnLintMatch[];
  return matches.map(({ Filename, Message, Rule, Location }) => ({
    rule: Rule.Id, where: `${Filename.split('/').pop()} ${(Location.Path ?? []).join('/')}`, message: Message,
  }));
}
