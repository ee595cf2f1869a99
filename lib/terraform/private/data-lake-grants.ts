import type { Construct } from 'constructs';
import { decryptAccess, encryptAccess, grant } from './grant';
import { readZoneAccess, writeZoneAccess } from '../../data/blueprint/access';
import type { Zone } from '../../data/blueprint/zone';
import type { IDataLake, IDataLakeGrants, IRole } from '../data/interfaces';

/** Who may do what with the buckets of a lake; for one table, its own `grants` are narrower. */
export class DataLakeGrants implements IDataLakeGrants {
  constructor(private readonly lake: Construct & IDataLake) {}

  read(role: IRole, zone: Zone): void {
    const { arn } = this.lake.bucket(zone);
    grant(this.lake, `${pascal(zone)}Read`, role, [...readZoneAccess(arn), ...decryptAccess(this.lake.encryptionKey)]);
  }

  write(role: IRole, zone: Zone): void {
    const { arn } = this.lake.bucket(zone);
    grant(this.lake, `${pascal(zone)}Write`, role, [...readZoneAccess(arn), ...writeZoneAccess(arn), ...encryptAccess(this.lake.encryptionKey)]);
  }
}

function pascal(zone: string): string {
  return zone.charAt(0).toUpperCase() + zone.slice(1);
}
