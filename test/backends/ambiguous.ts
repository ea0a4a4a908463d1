import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type Disturbed, TENANT } from "../support/ambiguity/trial.ts";
import { VERBS } from "../support/ambiguity/verbs.ts";
import { watchCommits } from "../support/ambiguity/watch.ts";
import type { DynamoFault, DynamoServer } from "../support/dynamo.ts";
import type { Fault, S3Server } from "../support/s3-server/server.ts";

/** A client that waits no longer gives up before what is late has come. */
const TIMEOUT_SECONDS = 2;
const lateBy = () => (TIMEOUT_SECONDS + Math.random() * 0.3) * 1000;

export const COURSES: readonly [string, Extract<Fault, "dropAfter" | "errorAfter" | "late">][] = [
  ["an answer that is dropped after the commit", "dropAfter"],
  ["a 5xx after the commit", "errorAfter"],
  ["a client that gives up, and a commit that lands late", "late"],
];

const FEW = ["create", "save with a checkpoint", "checkpoint", "delete a checkpoint", "heartbeat", "delete"];
/** Those that between them take every way through a driver; all of them on request, which takes minutes. */
export const SOME =
  process.env.CAIRN_AMBIGUITY === "all" ? VERBS : VERBS.filter(({ name }) => FEW.includes(name));

/** `object` on S3, where the puts of heads go wrong. */
export function disturbedS3(s3: S3Server, client: "sdk" | "fetch", how: Fault | null): Disturbed {
  const { look, ...watched } = watchCommits();
  if (how)
    s3.fail({
      ...{ how, lateBy, method: "PUT", key: /^heads\//, times: Number.POSITIVE_INFINITY },
      match: ({ key }) => look(key.slice(`heads/${TENANT}/`.length)),
    });
  const timeoutSeconds = how === "late" ? TIMEOUT_SECONDS : 20;
  const at = { ...s3, endpoint: s3.url };
  return {
    ...watched,
    direct: objectBackend({ store: s3Store({ ...at, client: "fetch" }) }),
    open: async () => objectBackend({ store: s3Store({ ...at, client, timeoutSeconds }) }),
    settled: () => s3.settled(),
    ...(how === "late" ? {} : { sends: 1 }),
  };
}

/** `dynamodb`, where the updates of heads go wrong; with `s3` every frame is there, else in the item. */
export async function disturbedDynamo(
  dynamo: DynamoServer,
  how: DynamoFault | null,
  s3?: S3Server,
): Promise<Disturbed & { undo(): void }> {
  const { look, ...watched } = watchCommits();
  const rule = { operation: "UpdateItem", times: Number.POSITIVE_INFINITY, lateBy };
  const undo = how && dynamo.fail({ ...rule, how, match: ({ body }) => look(pipelineOf(body.Key.pk.S)) });
  const table = await dynamo.makeTable();
  const store = s3 && s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table });
  const at = { ...dynamo, table, ...(store ? { s3: store, inlineBytes: 0 } : {}) };
  const timeoutSeconds = how === "late" ? TIMEOUT_SECONDS : 20;
  return {
    ...watched,
    direct: dynamodbBackend(at),
    open: async () => dynamodbBackend({ ...at, timeoutSeconds }),
    settled: () => dynamo.settled(),
    ...(how === "late" ? {} : { sends: 1 }),
    undo: undo ?? (() => {}),
  };
}

function pipelineOf(pk: string): string {
  return pk.slice(TENANT.length + 1);
}
