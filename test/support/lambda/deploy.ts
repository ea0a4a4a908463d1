import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleLambda, type LambdaBackend } from "../../../src/cli/bundle.ts";
import { CONTRACT_API_KEYS } from "../../http/contract.ts";
import { type DynamoServer, startDynamo } from "../dynamo.ts";
import { type S3Server, startS3 } from "../s3-server/server.ts";
import type { FunctionOptions } from "./container.ts";
import { ensureRic } from "./ric.ts";

/** The stores of an AWS account, and functions that use them. */
export interface Account {
  s3: S3Server;
  /** A function as it is deployed: the package unpacked in a folder, the environment that names the store. */
  deploy(backend: "object" | "dynamodb", handler: string, changes?: Changes): Promise<FunctionOptions>;
  stop(): Promise<void>;
}

export interface Changes {
  /** A variable that is not given. */
  without?: string;
  /** More variables. */
  variables?: Readonly<Record<string, string>>;
  /** Instead of the functions of the service. */
  entries?: string[];
}

export async function openAccount(): Promise<Account> {
  const ric = ensureRic();
  const [s3, dynamo] = await Promise.all([startS3(), startDynamo()]);
  const folders: string[] = [];
  return {
    s3,
    async deploy(backend, handler, { without = "", variables, entries } = {}) {
      const folder = await unpack(backend, entries);
      folders.push(folder);
      const { [without]: _, ...environment } = await environmentOf(backend, s3, dynamo);
      return { ric, folder, handler, environment: { ...environment, ...variables } };
    },
    async stop() {
      await s3.stop();
      await dynamo.stop();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The package of the functions as it is deployed, in a folder of its own. */
async function unpack(backend: LambdaBackend, entries?: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cairn-lambda-"));
  for (const { path, text } of await bundleLambda(backend, entries && { entries }))
    await writeFile(join(folder, path), text);
  return folder;
}

async function environmentOf(
  backend: LambdaBackend,
  s3: S3Server,
  dynamo: DynamoServer,
): Promise<Record<string, string>> {
  const table = backend === "dynamodb" && {
    CAIRN_DYNAMO_TABLE: await dynamo.makeTable(),
    CAIRN_DYNAMO_ENDPOINT: dynamo.endpoint,
  };
  return {
    CAIRN_BACKEND: backend,
    CAIRN_API_KEYS: CONTRACT_API_KEYS,
    CAIRN_S3_BUCKET: s3.bucket,
    CAIRN_S3_ENDPOINT: s3.url,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    ...table,
  };
}
