import { openInNode } from "../backends/configuration/node.ts";
import { type AssembledService, assemble } from "./assemble.ts";
import { parseEnvironment } from "./environment.ts";

/**
 * The service of a Node process or a Lambda function, as its environment says.
 *
 * @throws CairnError `invalid_configuration` with all problems together
 */
export async function openService(environment: NodeJS.ProcessEnv): Promise<AssembledService> {
  const { store, ...settings } = parseEnvironment(environment, "node");
  return assemble(await openInNode(store), settings, { writeLine });
}

/** Not by `console.log`, before whose lines Lambda puts words of its own: metrics may be made of them. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
