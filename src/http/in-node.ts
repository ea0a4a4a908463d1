import { openInNode } from "../backends/configuration/node.ts";
import { type AssembledService, assemble, type Runtime } from "./assemble.ts";
import { parseEnvironment } from "./environment.ts";

/**
 * The service of a Node process or a Lambda function, as its environment says.
 *
 * @throws CairnError `invalid_configuration` with all problems together
 */
export async function openService(
  environment: NodeJS.ProcessEnv,
  runtime: Runtime = {},
): Promise<AssembledService> {
  const { store, ...settings } = parseEnvironment(environment, "node");
  return assemble(await openInNode(store), settings, runtime);
}
