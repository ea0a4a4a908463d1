import { type CoreOptions, createCore } from "../state/core.ts";
import { createApp } from "./app.ts";

/**
 * A service within this process, for its client: the same code, without a server.
 *
 * @example
 * const cairn = new Cairn(inProcess({ backend: memoryBackend() }));
 */
export function inProcess(options: CoreOptions): { url: string; fetch: typeof globalThis.fetch } {
  const app = createApp({ core: createCore(options), keys: null });
  return { url: "http://localhost", fetch: async (input, init) => app.fetch(new Request(input, init)) };
}
