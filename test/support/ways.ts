import type { StorageBackend } from "../../src/backends/types.ts";
import { Cairn } from "../../src/client/index.ts";
import { inProcess, type StateManagerOptions } from "../../src/index.ts";

/** How an object of the library gets at a store: by itself, or through a service. Both as tenant `local`. */
export const WAYS: [string, (backend: StorageBackend) => StateManagerOptions][] = [
  ["over a store", (backend) => ({ backend })],
  ["through a service", (backend) => ({ client: new Cairn(inProcess({ backend })) })],
];
