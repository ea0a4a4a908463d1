import { openService } from "../src/http/in-node.ts";
import { urlHandler } from "../src/http/lambda.ts";
import { misconfigured } from "../src/http/misconfigured.ts";
import { CairnError } from "../src/model/errors.ts";
import { once } from "../src/model/once.ts";

/** One service a container: its environment never changes while it lives. */
const service = once(() => openService(process.env));

/** The API on Lambda, behind a Function URL. */
export const handler = urlHandler(async (request, runtime) => {
  try {
    const { app } = await service();
    return app.fetch(request, runtime);
  } catch (error) {
    if (error instanceof CairnError) return misconfigured(error);
    throw error;
  }
});
