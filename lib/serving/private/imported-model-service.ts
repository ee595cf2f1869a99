import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { checkLiteral, checkText } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { inferenceUrl } from '../blueprint/model-service';
import type { FargateModelServiceAttributes, IModelService } from '../interfaces';

/** A model service that exists, as a construct that creates nothing. */
export function importModelService(scope: Construct, id: string, attributes: FargateModelServiceAttributes): IModelService {
  const faults = Faults.of(scope, id);
  checkLiteral(faults, 'url', attributes.url);
  checkText(faults, 'url', attributes.url, {
    pattern: /^https?:\/\/[^\s/]+$/, allowed: 'an http or https address without a path, for example http://fraud.ml.internal',
  });
  faults.throwIfAny();
  return new ImportedModelService(scope, id, attributes);
}

class ImportedModelService extends Construct implements IModelService {
  readonly modelName: string;
  readonly url: string;
  readonly hostName: string;
  readonly inferenceUrl: string;
  readonly connections: ec2.Connections;
  readonly securityGroup: ec2.ISecurityGroup;
  readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, attributes: FargateModelServiceAttributes) {
    super(scope, id);
    this.modelName = attributes.modelName;
    this.url = attributes.url;
    this.hostName = attributes.url.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
    this.inferenceUrl = inferenceUrl(this.url, this.modelName);
    this.connections = attributes.loadBalancer?.connections ?? new ec2.Connections();
    this.securityGroup = attributes.securityGroup;
    this.grantPrincipal = attributes.taskRole?.grantPrincipal ?? new iam.UnknownPrincipal({ resource: this });
  }
}
