/** What was chosen, as manifests read it. */
export interface AuthenticationRules {
  /** Secrets with keys. */
  readonly secretNames?: string[];
  /** The provider of tokens. */
  readonly jwt?: { readonly issuer: string; readonly audiences: string[]; readonly jwksUrl: string; readonly scopes: string[] };
}

/** Where a gateway's certificate comes from, as manifests read it. */
export interface CertificateSource {
  /** `self-signed`, `cluster-issuer` or `secret`. */
  readonly type: 'self-signed' | 'cluster-issuer' | 'secret';
  /** The ClusterIssuer of `cluster-issuer`, or the Secret of `secret`. */
  readonly name?: string;
}
