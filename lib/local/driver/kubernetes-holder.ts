/**
 * Holds a local API server until it is told to end; a process of its own, so that it can outlive the command that started it.
 * Prints one line of JSON when the server is ready: its address and its kubeconfig, or the reason why there is none.
 */
import { definitionsFor } from './custom-resources';
import { messageOf } from './failure';
import { LocalApiServer } from '../kubernetes/local-api-server';

async function main(dir: string, assembly: string): Promise<void> {
  const server = await LocalApiServer.start({ dir, definitions: definitionsFor(assembly) });
  const end = (): void => void server.stop().finally(() => process.exit(0));
  process.on('SIGTERM', end).on('SIGINT', end);
  process.stdout.write(`${JSON.stringify({ url: server.url, kubeconfig: server.kubeconfig })}\n`);
  setInterval(() => undefined, 60_000);
}

main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify({ reason: messageOf(error) })}\n`);
  process.exitCode = 1;
});
