import type { Construct } from 'constructs';
import { decryptAccess, encryptAccess, grant } from './grant';
import { readAccess, writeAccess, type TableArns } from '../../data/blueprint/access';
import type { IIcebergTableGrants, IKey, IRole } from '../data/interfaces';

/** Who may do what with a table: its entry in the catalog, its prefix in the bucket, and the lake's key if it has one. */
export class IcebergTableGrants implements IIcebergTableGrants {
  constructor(private readonly table: Construct, private readonly arns: TableArns, private readonly key: IKey | undefined) {}

  read(role: IRole): void {
    grant(this.table, 'Read', role, [...readAccess(this.arns), ...decryptAccess(this.key)]);
  }

  write(role: IRole): void {
    grant(this.table, 'Write', role, [...readAccess(this.arns), ...writeAccess(this.arns), ...encryptAccess(this.key)]);
  }
}
