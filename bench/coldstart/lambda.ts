import { buffer } from "node:stream/consumers";
import type { UrlEvent } from "../../src/http/lambda.ts";
import { tokenOf } from "../../test/http/contract/keys.ts";
import { type FunctionOptions, startContainer } from "../../test/support/lambda/container.ts";
import { openAccount } from "../../test/support/lambda/deploy.ts";
import { alternate, report } from "./report.ts";

/** A read that asks the store once, and finds nothing. */
const event: UrlEvent = {
  rawPath: "/v1/pipelines/none",
  rawQueryString: "",
  headers: { authorization: `Bearer ${tokenOf("alice")}` },
  requestContext: { domainName: "cairn.example.com", http: { method: "GET" } },
  isBase64Encoded: false,
};

/** Cairn and a bare handler, each a process of AWS's runtime client: from its start to its first answer. */
export async function coldOnLambda(count: number): Promise<void> {
  const account = await openAccount();
  try {
    for (const backend of ["object", "dynamodb"] as const) {
      const bare = await account.deploy(backend, `bare-${backend}.handler`, {
        entries: [`bench/workers/bare-${backend}.ts`],
      });
      const functions = { bare, cairn: await account.deploy(backend, "api.handler") };
      for (const each of Object.values(functions)) await firstAnswer(each);
      const times = await alternate(["bare", "cairn"], count, (name) => firstAnswer(functions[name]));
      report(`Lambda, ${backend}: a fresh container, to its first answer, which asks the store`, times);
    }
  } finally {
    await account.stop();
  }
}

async function firstAnswer(options: FunctionOptions): Promise<number> {
  const start = performance.now();
  const container = await startContainer(options);
  const { body, done } = await container.invoke(event);
  const said = await buffer(body);
  const time = performance.now() - start;
  done();
  await container.stop();
  if (!/not_found|none|NoSuchKey/.test(said.toString())) throw new Error(said.toString());
  return time;
}
