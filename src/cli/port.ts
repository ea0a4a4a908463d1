import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { StartError } from "./settings.ts";

/** How long a start waits for a predecessor that is just being killed, in milliseconds. */
const handoverMs = 2000;

/**
 * Resolves when the port can be listened on.
 *
 * @throws StartError when it stays taken, or when the address is none of this machine's
 */
export async function waitForPort(host: string, port: number): Promise<void> {
  for (const end = Date.now() + handoverMs; ; await sleep(100)) {
    const code = await tryToListen(host, port);
    if (code === undefined) return;
    if (code !== "EADDRINUSE" || Date.now() > end) throw new StartError(explain(code, host, port));
  }
}

async function tryToListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  server.close();
  await once(server, "close");
  return undefined;
}

/** Says what to do about an address that cannot be listened on; `code` is the system's (`EADDRINUSE`). */
export function explain(code: string, host: string, port: number): string {
  if (code === "EADDRINUSE") {
    return (
      `Port ${port} on ${host} is taken by another program. Stop that one ` +
      `(\`lsof -i :${port}\` names it), or choose another port: PORT=${port + 1} npm start`
    );
  }
  if (code === "EACCES")
    return `Port ${port} needs more rights than you have. Choose one above 1023 with PORT.`;
  return `Cannot listen on ${host}, port ${port} (${code}). HOST must be an address of this machine.`;
}
