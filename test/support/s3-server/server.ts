import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { escapeText } from "../../../src/backends/object/s3-xml.ts";
import { type BucketOptions, type Held, makeBucket } from "./bucket.ts";
import { S3Error } from "./errors.ts";
import { type Answer, operate, xml } from "./operations.ts";
import { readRequest, type S3Request } from "./request.ts";
import { type Account, verifySignature } from "./signature.ts";

/**
 * What goes wrong: refused before anything was done (`conflict` 409, `precondition` 412, `slowDown` 503, `error`
 * 500, `drop` without an answer), or applied and then not told (`errorAfter` 500, `dropAfter`, `stallAfter` with
 * the connection left open, `late` after a time), or `cut` in the middle of the answer's body.
 */
export type Fault =
  | "conflict"
  | "precondition"
  | "slowDown"
  | "error"
  | "drop"
  | "errorAfter"
  | "dropAfter"
  | "stallAfter"
  | "late"
  | "cut";

export interface FaultRule {
  how: Fault;
  method?: string;
  key?: RegExp;
  match?: (request: S3Request) => boolean;
  /** @default 1 */
  times?: number;
  /** How late `late` is, milliseconds. */
  lateBy?: () => number;
}

export interface S3ServerOptions extends Partial<BucketOptions> {
  /** Most keys on a page of a list. @default 1000 */
  pageSize?: number;
}

export interface S3Server {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  bucket: string;
  region: string;
  credentials: Pick<Account, "accessKeyId" | "secretAccessKey">;
  objects: Map<string, Held>;
  /** Every request, as it was answered; status 0: not at all. */
  requests: { method: string; key: string; query: string; status: number }[];
  /** Milliseconds by which its clock is ahead of this one's, as `Date` tells. */
  clock: { ahead: number };
  /** Returns what takes the rule back. */
  fail(rule: FaultRule): () => void;
  /** Resolves when nothing is still to come late. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const REFUSED: Partial<Record<Fault, S3Error>> = {
  conflict: new S3Error(409, "ConditionalRequestConflict"),
  precondition: new S3Error(412, "PreconditionFailed"),
  slowDown: new S3Error(503, "SlowDown"),
  error: new S3Error(500, "InternalError"),
};
const UNTOLD: readonly Fault[] = ["dropAfter", "stallAfter", "late"];

/** A strict S3 in this process, of one bucket: what AWS refuses, it refuses. Faults on request. */
export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const { minWriteSeconds = 0, ignores = [], radosgw = false, pageSize = 1000 } = options;
  const account: Account = {
    accessKeyId: "TESTKEY",
    secretAccessKey: "test/secret+key",
    region: "eu-test-1",
  };
  const bucket = makeBucket({ minWriteSeconds, ignores, radosgw });
  const requests: S3Server["requests"] = [];
  const rules: FaultRule[] = [];
  const clock = { ahead: 0 };

  const late = new Set<Promise<void>>();

  function nextFault(request: S3Request): Pick<FaultRule, "how" | "lateBy"> | undefined {
    const at = rules.findIndex(
      ({ method, key, match }) =>
        (method ?? request.method) === request.method &&
        (key?.test(request.key) ?? true) &&
        (match?.(request) ?? true),
    );
    const rule = rules[at];
    if (!rule) return undefined;
    rule.times = (rule.times ?? 1) - 1;
    if (rule.times <= 0) rules.splice(at, 1);
    return rule;
  }

  async function hold(milliseconds: number): Promise<void> {
    const held = new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
    late.add(held);
    await held;
    late.delete(held);
  }

  function answer(request: S3Request, fault: Fault | undefined): Answer | null {
    try {
      if (fault === "drop") return null;
      verifySignature(request, account, Date.now());
      if (request.bucket !== BUCKET) throw new S3Error(404, "NoSuchBucket");
      const refused = fault && REFUSED[fault];
      if (refused) throw refused;
      const done = operate(bucket, request, pageSize);
      if (fault === "errorAfter") throw REFUSED.error!;
      return fault && UNTOLD.includes(fault) ? null : done;
    } catch (error) {
      return errorAnswer(error, request.method);
    }
  }

  const server = createServer(async (message, response) => {
    response.sendDate = false;
    const request = await readRequest(message).catch(() => null);
    if (!request) return message.socket.destroy();
    const rule = nextFault(request);
    const fault = rule?.how;
    if (fault === "late") await hold(rule?.lateBy?.() ?? 100);
    const found = answer(request, fault);
    requests.push({
      method: request.method,
      key: request.key,
      query: request.query.toString(),
      status: found?.status ?? 0,
    });
    if (!found) return fault !== "stallAfter" && message.socket.destroy();
    response.setHeader("date", new Date(Date.now() + clock.ahead).toUTCString());
    send(response, found, fault);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { region, ...credentials } = account;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    ...{ url, bucket: BUCKET, region, credentials, objects: bucket.objects, requests, clock, stop },
    fail(rule) {
      const own = { ...rule };
      rules.push(own);
      return () => void (rules.includes(own) && rules.splice(rules.indexOf(own), 1));
    },
    async settled() {
      while (late.size > 0) await Promise.all(late);
    },
  };
}

const BUCKET = "cairn-test";

function send(
  response: ServerResponse,
  { status, headers = {}, body }: Answer,
  fault: Fault | undefined,
): void {
  response.writeHead(status, headers);
  if (fault === "cut")
    response.write(body?.slice(0, Math.floor(body.length / 2)) ?? "", () => response.destroy());
  else response.end(body);
}

function errorAnswer(error: unknown, method: string): Answer {
  if (!(error instanceof S3Error)) throw error;
  const { status, code, message } = error;
  if (method === "HEAD") return { status };
  return xml("Error", `<Code>${code}</Code><Message>${escapeText(message)}</Message>`, status);
}
