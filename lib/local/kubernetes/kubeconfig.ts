/** A kubeconfig of one cluster and one user. */
export function kubeconfig(url: string, token: string, certificateAuthority: string): string {
  // JSON is YAML
  return JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{ name: 'local', cluster: { 'server': url, 'certificate-authority': certificateAuthority } }],
    'users': [{ name: 'admin', user: { token } }],
    'contexts': [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
    'current-context': 'local',
  }, undefined, 2);
}
