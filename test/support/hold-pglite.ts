import { saving } from "../../src/backends/contract/support.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";

/** Run as a process: saves once into the folder it is given, says so, and keeps the folder open. */
const backend = postgresBackend({ transport: "pglite", path: process.argv[2]! });
try {
  await backend.commit([await saving({ tenant: "t", pipelineId: "p" }, 0, "v1")]);
  process.stdout.write("saved\n");
  setInterval(() => {}, 1000);
} catch (error) {
  process.stderr.write((error as Error).message);
}
