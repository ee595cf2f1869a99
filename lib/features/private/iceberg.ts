import type { OfflineBackend } from './backends';
import { ICEBERG_OFFLINE_STORE } from '../blueprint/feature-store-yaml';

/** The runtime's own reader of Iceberg tables: the rights on the tables are all that it needs. */
export class IcebergBackend implements OfflineBackend {
  readonly appliesByReading = true;
  readonly yaml = { type: ICEBERG_OFFLINE_STORE };

  grant(): [] {
    return [];
  }
}
