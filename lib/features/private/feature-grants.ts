import * as iam from 'aws-cdk-lib/aws-iam';
import type { OfflineBackend, OnlineBackend, RegistryBackend } from './backends';
import { FeatureAccess, readsHistory } from '../blueprint/access';
import type { FeatureView } from '../feature-view';
import type { IFeatureStoreGrants } from '../interfaces';

interface Given {
  readonly access: FeatureAccess;
  readonly grantee: iam.IGrantable;
}

/** Rights on all views of a store, also on those that are added after the right was given. */
export class FeatureGrants implements IFeatureStoreGrants {
  private readonly given: Given[] = [];
  private readonly views: FeatureView[] = [];

  constructor(private readonly registry: RegistryBackend, private readonly offline: OfflineBackend, private readonly online: OnlineBackend) {}

  readOnline(grantee: iam.IGrantable): iam.Grant {
    return this.grant(FeatureAccess.READ_ONLINE, grantee);
  }

  writeOnline(grantee: iam.IGrantable): iam.Grant {
    return this.grant(FeatureAccess.WRITE_ONLINE, grantee);
  }

  readOffline(grantee: iam.IGrantable): iam.Grant {
    return this.grant(FeatureAccess.READ_OFFLINE, grantee);
  }

  materialize(grantee: iam.IGrantable): iam.Grant {
    return this.grant(FeatureAccess.MATERIALIZE, grantee);
  }

  apply(grantee: iam.IGrantable): iam.Grant {
    return this.grant(FeatureAccess.APPLY, grantee);
  }

  /** Rights on some views only, also when others come later. */
  materializeViews(grantee: iam.IGrantable, views: FeatureView[]): iam.Grant {
    return this.grantOn(FeatureAccess.MATERIALIZE, grantee, views);
  }

  /** A view came: whoever has rights gets them on it too. */
  addView(view: FeatureView): void {
    this.views.push(view);
    for (const { access, grantee } of this.given) this.grantView(access, grantee, view);
  }

  private grant(access: FeatureAccess, grantee: iam.IGrantable): iam.Grant {
    this.given.push({ access, grantee });
    return this.grantOn(access, grantee, this.views);
  }

  private grantOn(access: FeatureAccess, grantee: iam.IGrantable, views: FeatureView[]): iam.Grant {
    return [
      ...this.grantSecrets(access, grantee),
      ...access === FeatureAccess.APPLY ? this.grantLooking(grantee) : this.offline.grant(access, grantee, []),
      ...views.flatMap((view) => this.grantView(access, grantee, view)),
    ].reduce((all, one) => all.combine(one));
  }

  private grantView(access: FeatureAccess, grantee: iam.IGrantable, { _plan: plan, source }: FeatureView): iam.Grant[] {
    const grants = plan.online && access !== FeatureAccess.APPLY ? this.online.grant(access, grantee, plan.name) : [];
    if (readsHistory(access) || (access === FeatureAccess.APPLY && this.offline.appliesByReading)) grants.push(source.grants.read(grantee));
    return grants;
  }

  /** At all tables of the project at once: one by one, the rights on a hundred views would not fit into a role. */
  private grantLooking(grantee: iam.IGrantable): iam.Grant[] {
    return [...this.online.grant(FeatureAccess.APPLY, grantee, '*'), ...this.offline.grant(FeatureAccess.APPLY, grantee, ['*'])];
  }

  private grantSecrets(access: FeatureAccess, grantee: iam.IGrantable): iam.Grant[] {
    const { secret, readerSecret } = this.registry;
    const credentials = this.online.credentials(access);
    const registry = access === FeatureAccess.READ_ONLINE || access === FeatureAccess.READ_OFFLINE ? readerSecret ?? secret : secret;
    const secrets = new Set([registry, ...credentials && access !== FeatureAccess.READ_OFFLINE ? [credentials.secret] : []]);
    return [...secrets].map((one) => one.grantRead(grantee));
  }
}
