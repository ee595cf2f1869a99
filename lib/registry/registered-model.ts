import { checkAlias, checkModelName } from './blueprint/names';
import type { IModelRegistry, IRegisteredModel, ModelReference } from './interfaces';
import { ModelGrants } from './model-grants';
import { Faults } from '../core/private/faults';

/** A model of a registry. Get it by `registry.model('fraud')`; nothing is created. */
export class RegisteredModel implements IRegisteredModel {
  /** Rights on this model alone. */
  readonly grants: ModelGrants;

  /**
   * @param registry the registry that knows the model
   * @param modelName name of the model: 1 to 128 letters, digits, dots, hyphens, underscores or spaces
   * @throws a ValidationError [invalid-model-name]
   */
  constructor(readonly registry: IModelRegistry, readonly modelName: string) {
    const faults = Faults.ofConstruct(registry);
    checkModelName(faults, modelName);
    faults.throwIfAny();
    this.grants = new ModelGrants(registry, modelName);
  }

  /**
   * The version that an alias names at run time.
   *
   * @param name name of the alias; `champion` is the one that production serves
   * @throws a ValidationError [invalid-alias]
   */
  alias(name: string): ModelReference {
    const faults = Faults.ofConstruct(this.registry);
    checkAlias(faults, name);
    faults.throwIfAny();
    return { modelName: this.modelName, alias: name, registry: this.registry };
  }
}
