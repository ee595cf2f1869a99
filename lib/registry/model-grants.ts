import { Token, TokenComparison } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { fail } from '../core/private/faults';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';
import { Access, accessStatements, readsArtifacts, type StatementBlueprint, usesRecord, writesArtifacts } from './blueprint/access';
import type { IModelRegistry } from './interfaces';

const WILDCARD_REASON = 'artifacts are many objects below one prefix; the right ends at that prefix';

/**
 * Rights on the models of a registry, or on one of them.
 *
 * Who may register a version cannot move production: only `promote` writes the release record.
 * The grantee is a role or, for another account, that account (`new iam.AccountPrincipal(...)`): bucket, table and their keys then let that
 * account in, which gives the right on to roles of its own by the grants of an imported registry.
 *
 * All of them are rights in IAM. Whoever talks to the MLflow server needs the way to it too: `registry.connections.allowFrom(...)`.
 */
export class ModelGrants {
  /**
   * @param registry the registry
   * @param modelName the one model that the rights cover. Default: every model
   */
  constructor(private readonly registry: IModelRegistry, private readonly modelName?: string) {}

  /** Read release records, their history, and artifacts. */
  read(grantee: iam.IGrantable): iam.Grant {
    return this.grant(Access.READ, grantee);
  }

  /** Read and write artifacts directly on S3, for training jobs; never the release record. */
  register(grantee: iam.IGrantable): iam.Grant {
    return this.grant(Access.REGISTER, grantee);
  }

  /** Move production: write release records. Give it to the lifecycle role only. */
  promote(grantee: iam.IGrantable): iam.Grant {
    return this.grant(Access.PROMOTE, grantee);
  }

  /** What a model server needs: the current release record and the artifacts. */
  serve(grantee: iam.IGrantable): iam.Grant {
    return this.grant(Access.SERVE, grantee);
  }

  /**
   * Read the login of jobs and services. Containers of ECS do not need it: they take `registry.clientEnvironment()`.
   *
   * @throws a ValidationError [no-machine-login]
   */
  login(grantee: iam.IGrantable): iam.Grant {
    const { machineLogin, node } = this.registry;
    if (!machineLogin) return fail(node.path, 'no-machine-login', 'the registry has no password login; choose auth: RegistryAuth.basic(), or leave the grant out');
    return machineLogin.grantRead(grantee);
  }

  private grant(access: Access, grantee: iam.IGrantable): iam.Grant {
    // an imported registry may know only one of the two: the other is asked for only where it is needed
    const statements = accessStatements(access, {
      releaseTableArn: usesRecord(access) ? this.registry.releaseTable.tableArn : '',
      artifactBucketArn: readsArtifacts(access) ? this.registry.artifactBucket.bucketArn : '',
      artifactPrefix: this.registry.artifactPrefix,
      modelName: this.modelName,
      managedMlflow: this.registry.managedMlflow,
    });
    this.refuseEverybody(grantee);
    const grants = statements.map((statement) => this.grantOne(statement, grantee));
    return [...grants, ...this.keyGrants(access, grantee)].reduce((all, one) => all.combine(one));
  }

  /**
   * To the principal's own policy, and to the policy of table or bucket where that is not enough: for a principal of another account, and for
   * an account, which has no policy. (aws-cdk-lib's own addToPrincipalOrResource loses the conditions.)
   */
  private grantOne({ subject, actions, resources, conditions }: StatementBlueprint, grantee: iam.IGrantable): iam.Grant {
    acknowledgeWildcards(grantee.grantPrincipal, resources, WILDCARD_REASON);
    const own = iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions });
    // SageMaker has no policies of its own
    if (subject === 'managedMlflow') return own;
    const resource = this.registry[subject];
    const { principalAccount } = grantee.grantPrincipal;
    const elsewhere = principalAccount !== undefined
      && Token.compareStrings(resource.env.account, principalAccount) === TokenComparison.DIFFERENT;
    if ((own.success && !elsewhere) || !iam.GrantableResources.isResourceWithPolicy(resource)) return own;
    const statement = new iam.PolicyStatement({
      actions, principals: [grantee.grantPrincipal], conditions,
      // a table that names its own ARN in its own policy would be a cycle
      resources: subject === 'releaseTable' ? ['*'] : resources,
    });
    const shared = iam.Grant.addStatementToResourcePolicy({ grantee, actions, resourceArns: resources, resource, statement });
    return own.combine(shared);
  }

  private refuseEverybody({ grantPrincipal: { policyFragment } }: iam.IGrantable): void {
    const named = Object.values(policyFragment.principalJson).flat();
    if (!named.includes('*')) return;
    fail(this.registry.node.path, 'grant-to-everybody', 'grantee is everybody; grant to a role or to an account: new iam.AccountPrincipal(\'111122223333\')');
  }

  /** Buckets and tables with a key of the customer need the key's rights as well. */
  private keyGrants(access: Access, grantee: iam.IGrantable): iam.Grant[] {
    const grants: iam.Grant[] = [];
    const bucketKey = readsArtifacts(access) ? this.registry.artifactBucket.encryptionKey : undefined;
    const tableKey = usesRecord(access) ? this.registry.releaseTable.encryptionKey : undefined;
    if (bucketKey) grants.push(writesArtifacts(access) ? bucketKey.grantEncryptDecrypt(grantee) : bucketKey.grantDecrypt(grantee));
    if (tableKey) grants.push(access === Access.PROMOTE ? tableKey.grantEncryptDecrypt(grantee) : tableKey.grantDecrypt(grantee));
    return grants;
  }
}
