import { KIND } from './kinds';
import { checkText, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

const NAME: TextRule = {
  pattern: /^[a-zA-Z0-9]([-a-zA-Z0-9./_]*[a-zA-Z0-9])?$/,
  allowed: 'letters, digits, hyphens, dots and slashes',
};

/** What has to be in the cluster before an add-on or a set of manifests. */
export class AddOnRequirement {
  /**
   * Another add-on, by its name.
   *
   * @param name for example `cert-manager`
   */
  static addOn(name: string): AddOnRequirement {
    const faults = Faults.at('AddOnRequirement');
    checkText(faults, 'name', name, NAME);
    faults.throwIfAny();
    return new AddOnRequirement('add-on', name);
  }

  /**
   * The definition of a custom resource, whichever add-on brings it.
   *
   * @param kind `group/Kind`, for example `cert-manager.io/Certificate`
   */
  static customResource(kind: string): AddOnRequirement {
    checkKind(kind);
    return new AddOnRequirement('custom resource', kind);
  }

  /**
   * A webhook that has to answer before objects of this kind are sent. When no add-on brings such a webhook, nothing is waited for.
   *
   * @param kind `group/Kind` of the objects, for example `/Service`
   */
  static webhook(kind: string): AddOnRequirement {
    checkKind(kind);
    return new AddOnRequirement('webhook', kind);
  }

  private constructor(
    /** `add-on`, `custom resource` or `webhook`. */
    readonly type: string,
    /** Name of the add-on, or `group/Kind`. */
    readonly name: string,
  ) {}
}

function checkKind(kind: string): void {
  const faults = Faults.at('AddOnRequirement');
  checkText(faults, 'kind', kind, KIND);
  faults.throwIfAny();
}
