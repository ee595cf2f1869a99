import { Construct } from 'constructs';
import type { IMlCluster } from '../../cluster/interfaces';
import { checkInteger, checkText, DNS_LABEL } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { LLM_PORT } from '../blueprint/llm-engine';
import { urlOf } from '../blueprint/llm-service';
import type { ILlmService, LlmServiceAttributes } from '../interfaces';

/** A language model that is served already, as a construct that creates nothing. */
export function importLlmService(scope: Construct, id: string, attributes: LlmServiceAttributes): ILlmService {
  const faults = Faults.of(scope, id);
  checkText(faults, 'kubernetesServiceName', attributes.kubernetesServiceName, DNS_LABEL);
  checkText(faults, 'namespaceName', attributes.namespaceName, DNS_LABEL);
  checkInteger(faults, 'port', attributes.port, { min: 1, max: 65_535 });
  faults.throwIfAny();
  return new ImportedLlmService(scope, id, attributes);
}

class ImportedLlmService extends Construct implements ILlmService {
  readonly cluster: IMlCluster;
  readonly namespaceName: string;
  readonly kubernetesServiceName: string;
  readonly port: number;
  readonly modelName: string;
  readonly url: string;

  constructor(scope: Construct, id: string, attributes: LlmServiceAttributes) {
    super(scope, id);
    this.cluster = attributes.cluster;
    this.namespaceName = attributes.namespaceName ?? 'models';
    this.kubernetesServiceName = attributes.kubernetesServiceName;
    this.port = attributes.port ?? LLM_PORT;
    this.modelName = attributes.modelName;
    this.url = urlOf({ protocol: attributes.tls ?? false ? 'https' : 'http', service: this.kubernetesServiceName, port: this.port }, this.namespaceName);
  }

  addCaller(): void {
    // whoever made the service lets its callers in
  }
}
