import { checkText, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** How a kind of object is written. */
export const KIND: TextRule = {
  pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?\/[A-Z][A-Za-z0-9]*$/,
  allowed: "group/Kind, for example 'cert-manager.io/Certificate', or '/Service' in the core group",
};

/** Refuses what is not `group/Kind`. */
export function checkKinds(faults: Faults, property: string, kinds: readonly string[] | undefined): void {
  (kinds ?? []).forEach((kind, index) => checkText(faults, `${property}[${index}]`, kind, KIND));
}
