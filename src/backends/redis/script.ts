import { nodeCrypto } from "../node-crypto.ts";
import { type Reply, ReplyError } from "./reply.ts";
import type { Argument, Command, Transport } from "./transport.ts";

/** A call of a script: its keys, then its arguments. */
export interface ScriptCall {
  script: string;
  keys: readonly string[];
  args: readonly Argument[];
}

const digests = new Map<string, string>();

/** SHA-1 of a script's text, hex: what EVALSHA names it by. */
export function scriptSha(script: string): string {
  const known = digests.get(script);
  if (known) return known;
  const sha = nodeCrypto().createHash("sha1").update(script).digest("hex");
  digests.set(script, sha);
  return sha;
}

/** A call as a command; `whole` sends the script's text, which the server then knows. */
export function commandOf({ script, keys, args }: ScriptCall, whole = false): Command {
  const name: Command = whole ? ["EVAL", script] : ["EVALSHA", scriptSha(script)];
  return [...name, String(keys.length), ...keys, ...args];
}

/**
 * Calls scripts in order, in one round trip where the server knows them. Where it does not, it says so, and has
 * done nothing: only then is a call sent again, with the script's text. Of several the first brings the text
 * along, for what follows a call that was not done must not be done before it.
 *
 * @throws what `transport.send` does
 */
export async function callAll(transport: Transport, calls: readonly ScriptCall[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  let whole = calls.length > 1;
  while (replies.length < calls.length) {
    const rest = calls.slice(replies.length);
    const commands = rest.map((call, i) => commandOf(call, whole && i === 0));
    const answers = await transport.send(commands).catch((cause: unknown) => {
      // What `cause` says of these is not true of those before them.
      throw replies.length === 0 ? cause : new Error("Only some calls were answered.", { cause });
    });
    const unknown = answers.findIndex((answer, i) => isUnknownScript(answer) && !(whole && i === 0));
    replies.push(...(unknown < 0 ? answers : answers.slice(0, unknown)));
    whole = true;
  }
  return replies;
}

/** @throws ReplyError what Redis answered instead */
export async function call(transport: Transport, one: ScriptCall): Promise<Reply> {
  const [reply] = await callAll(transport, [one]);
  if (reply instanceof ReplyError) throw reply;
  return reply!;
}

function isUnknownScript(reply: Reply): boolean {
  return reply instanceof ReplyError && reply.code === "NOSCRIPT";
}
