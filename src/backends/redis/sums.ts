import { checkedSums, type Sums } from "../sums.ts";
import type { StorageBackend, SumsKey } from "../types.ts";
import { reading } from "./errors.ts";
import { checkFormat, decodeSums } from "./fields.ts";
import type { Keys } from "./keys.ts";
import { addScript } from "./lua/sums.ts";
import { pairs, type Reply, ReplyError, text } from "./reply.ts";
import { call } from "./script.ts";
import type { Transport } from "./transport.ts";

/** One hash for each key. Nothing is sent twice. */
export function sumsOver(
  transport: Transport,
  keys: Keys,
): Pick<StorageBackend, "add" | "sums" | "clearSums"> {
  async function send(command: string, key: SumsKey): Promise<Reply> {
    const [reply] = await transport.send([[command, keys.sums(key)]]);
    if (reply instanceof ReplyError) throw reply;
    return reply!;
  }

  async function add(key: SumsKey, increments: Sums): Promise<void> {
    const args = [...increments].flatMap(([name, value]) => [`+${name}`, String(value)]);
    checkFormat(text(await call(transport, { script: addScript, keys: [keys.sums(key)], args })));
  }

  return checkedSums({
    add: (key, increments) => reading(() => add(key, increments)),
    sums: (key) => reading(async () => decodeSums(pairs(await send("HGETALL", key)))),
    clear: (key) => reading(async () => void (await send("UNLINK", key))),
  });
}
