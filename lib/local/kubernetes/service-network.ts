import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/**
 * The network of Services, as far as an API server needs it: what it sends to the cluster IP of a Service, to a webhook for example,
 * arrives at a port of 127.0.0.1.
 *
 * The API server reaches it as control planes reach a cluster's network elsewhere: through a proxy, here on a Unix socket.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
 */
export class ServiceNetwork {
  /** Starts it, with its socket and the API server's configuration file in a folder that exists. */
  static async start(dir: string): Promise<ServiceNetwork> {
    const network = new ServiceNetwork(dir);
    await network.listen();
    return network;
  }

  /** Path of the file for `--egress-selector-config-file`. */
  readonly configuration: string;
  private readonly socket: string;
  private readonly server: Server;
  private readonly ports = new Map<string, number>();
  private readonly connections = new Set<Socket>();

  private constructor(dir: string) {
    this.socket = join(dir, 'services.sock');
    this.configuration = join(dir, 'egress.json');
    this.server = createServer().on('connect', (request, client: Socket) => this.forward(request.url ?? '', client));
  }

  /** Leads connections to a cluster IP, whatever their port, to a port of this machine. */
  route(clusterIp: string, port: number): void {
    this.ports.set(clusterIp, port);
  }

  /** Nothing answers at a cluster IP any more. */
  unroute(clusterIp: string): void {
    this.ports.delete(clusterIp);
  }

  /** Ends it and every connection. */
  async stop(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await new Promise(resolve => this.server.close(resolve));
    rmSync(this.socket, { force: true });
  }

  private async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.socket, resolve);
    });
    const connection = { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: this.socket } } };
    writeFileSync(this.configuration, JSON.stringify({
      apiVersion: 'apiserver.k8s.io/v1beta1',
      kind: 'EgressSelectorConfiguration',
      egressSelections: [{ name: 'cluster', connection }],
    }));
  }

  private forward(address: string, client: Socket): void {
    this.keep(client);
    const clusterIp = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    const port = this.ports.get(clusterIp);
    if (port === undefined) {
      client.end('HTTP/1.1 503 nothing answers there\r\n\r\n');
      return;
    }
    const target = this.keep(connect(port, '127.0.0.1'));
    target.once('connect', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    target.once('error', () => client.end('HTTP/1.1 503 nothing answers there\r\n\r\n'));
  }

  /** One side's end is the other side's end; errors are the same to both. */
  private keep(connection: Socket): Socket {
    this.connections.add(connection);
    return connection.on('error', () => connection.destroy()).once('close', () => this.connections.delete(connection));
  }
}
