import { stableHash } from '../../core/private/stable-hash';

/** Start of a bucket's name from a construct's path; Terraform adds what makes it unique. At most 37 characters. */
export function bucketPrefix(path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return `${words.slice(-36).replace(/^-+/, '') || 'lake'}-`;
}

/** Name of a Glue database from a construct's path: at most 64 letters, digits and underscores. */
export function databaseNameOf(path: string): string {
  const words = path.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  const name = /^[a-z]/.test(words) ? words : `lake_${words}`;
  return name.length <= 64 ? name : `${name.slice(0, 55)}_${stableHash(path).toString(16).padStart(8, '0')}`;
}

/** `CardPayments` and `card-payments` become `card_payments`. */
export function snakeCase(id: string): string {
  return id.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_').toLowerCase();
}
