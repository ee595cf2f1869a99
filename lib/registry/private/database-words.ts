import type { DatabaseWords } from '../../network/database-place';

/** The registry's database, whichever kind it is. */
export const REGISTRY_DATABASE: DatabaseWords = {
  ids: { database: 'Database', secret: 'DatabaseSecret', securityGroup: 'DatabaseSecurityGroup' },
  description: 'Database of the model registry',
  reasons: {
    password: 'MLflow logs in by password only; it cannot make IAM database tokens',
    port: 'nothing outside the VPC reaches the port, and only the server\'s security group is let in',
    rotation: 'the server reads the password when it starts: a rotation would cut it off until it is started again',
    standby: 'model serving and rollback do not need the registry: a standby is offered by multiAz, at twice the cost',
  },
};
