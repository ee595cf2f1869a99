/** A kubeconfig of one cluster and one user, who works in a namespace if one is named. */
export function kubeconfig(url: string, token: string, certificateAuthority: string, namespace?: string): string {
  // JSON is YAML
  return JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{ name: 'local', cluster: { 'server': url, 'certificate-authority': certificateAuthority } }],
    'users': [{ name: 'admin', user: { token } }],
    'contexts': [{ name: 'local', context: { cluster: 'local', user: 'admin', namespace } }],
    'current-context': 'local',
  }, undefined, 2);
}
