import { type Reply, ReplyError } from "./reply.ts";
import { type Argument, type Command, NotSent, type Transport } from "./transport.ts";

export interface UpstashTransportOptions {
  /** `https://…upstash.io`; `http://` for a local stand-in. */
  url: string;
  token: string;
  /** @default 10 */
  commandTimeoutSeconds?: number;
  /**
   * How often the client sends a request again by itself. Only for showing what that does: a commit that landed
   * would be answered as a replay or a conflict with itself. @default 0
   */
  resends?: number;
}

interface Rest {
  post(path: readonly string[], body: unknown): Promise<unknown>;
}

/**
 * Redis over Upstash's REST protocol, as an edge function reaches it: one POST a round trip. Requests are JSON,
 * so that arguments are text; strings come back in base64, which keeps their bytes.
 */
export function upstashTransport(options: UpstashTransportOptions): Transport {
  let rest: Promise<Rest> | null = null;

  async function send(commands: readonly Command[]): Promise<Reply[]> {
    rest ??= open(options);
    const client = await rest;
    const single = commands.length === 1;
    let answer: unknown;
    try {
      answer = await client.post(single ? [] : ["pipeline"], single ? commands[0] : commands);
    } catch (error) {
      const refused = refusal(error);
      return commands.map(() => refused);
    }
    const answers = (single ? [answer] : answer) as Answer[];
    if (!Array.isArray(answers) || answers.length !== commands.length)
      throw new TypeError("The REST answer has not one result for each command.");
    return answers.map(toReply);
  }

  return { name: "upstash", packing: "base64", send, weigh, close: async () => {} };
}

async function open(options: UpstashTransportOptions): Promise<Rest> {
  const { Redis } = await import("@upstash/redis/cloudflare");
  /** The client's own decoding makes text of everything: base64 is asked for and left as it is. */
  class RestClient extends Redis implements Rest {
    post(path: readonly string[], body: unknown): Promise<unknown> {
      const headers = { "Upstash-Encoding": "base64" };
      return this.client.request({ path: [...path], body, headers });
    }
  }
  const timeout = (options.commandTimeoutSeconds ?? 10) * 1000;
  return new RestClient({
    url: options.url,
    token: options.token,
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    keepAlive: false,
    // `retry: false` would still send twice.
    retry: { retries: options.resends ?? 0 },
    // A signal that is not a function makes a timeout resolve as if its reason were the result.
    signal: () => AbortSignal.timeout(timeout),
  });
}

type Answer = { result?: unknown; error?: string };

function toReply({ result, error }: Answer): Reply {
  return error === undefined || error === null ? decode(result) : new ReplyError(error);
}

function decode(result: unknown): Reply {
  if (Array.isArray(result)) return result.map(decode);
  // The one string that is never encoded; as base64 it would be two bytes of nonsense.
  if (typeof result === "string") return Buffer.from(result, result === "OK" ? "latin1" : "base64");
  if (typeof result === "number" || result === null) return result;
  throw new TypeError("The REST answer holds something else than Redis answers.");
}

/** Codes by which a Redis, or Upstash itself, says that it has done nothing; and errors of our own scripts. */
const REFUSED =
  /^(NOSCRIPT|NOAUTH|WRONGPASS|NOPERM|LOADING|READONLY|OOM|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|WRONGTYPE|CROSSSLOT|MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b|^Unauthorized\b|^ERR (max |unknown command|wrong number of arguments)|script: [0-9a-f]{40}|user_script/i;

/**
 * The answer that a failed request stands for, when it is known to have done nothing.
 *
 * The client puts the whole command behind the server's text, payload included: it is cut off. It hides the
 * HTTP status, so that a text that is not known for a refusal may be a gateway's, after the commit.
 *
 * @throws NotSent, or an error that leaves the outcome open
 */
function refusal(error: unknown): ReplyError {
  if (!(error instanceof Error)) throw new Error("The REST request failed.");
  if (error.name === "UpstashError") {
    const said = error.message.split(", command was: ", 1)[0]!;
    if (REFUSED.test(said)) return new ReplyError(said);
    throw new Error(`The REST request failed: ${said.slice(0, 200)}`);
  }
  if (NOT_CONNECTED.has(codeOf(error)))
    throw new NotSent("No connection to the REST endpoint.", { cause: error });
  throw error;
}

/** What Node's fetch says when there was no connection to send anything by. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function codeOf(error: Error): string {
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

/** As JSON, with its comma. */
function weigh(argument: Argument): number {
  if (typeof argument !== "string") throw new TypeError("REST requests take text only.");
  const plain = !/[^ !#-[\]-~]/.test(argument);
  return plain ? argument.length + 3 : Buffer.byteLength(JSON.stringify(argument)) + 1;
}
