import { randomStream } from "./adaptive/random.ts";
import { deliveries } from "./webhooks/deliveries.ts";

export const about =
  "Webhooks to a receiver that fails in every way: each interruption delivered or dead-lettered";

/** Words: the number of interruptions (default 500), the seed (default 1). @throws when one of the lines is not held */
export async function run([interruptions = "500", seed = "1"]: string[]): Promise<void> {
  const found = await deliveries(Number(interruptions), randomStream(Number(seed)));
  const all = found.interruptions;
  const settled = found.delivered + found.deadLettered;
  console.log(`seed ${seed}: ${found.messages} messages of ${all} interruptions`);
  const lines: [what: string, is: number, shall: number][] = [
    [`delivered (${found.delivered}) or dead-lettered (${found.deadLettered})`, settled, all],
    ["signatures that the standardwebhooks package takes", found.verified, found.messages],
    ["interruptions with one id of their own", all - found.unstable, all],
    ["interruptions of which store and receiver say the same", all - found.disputed, all],
    ["redirects followed", found.followed, 0],
  ];
  for (const [what, is, shall] of lines)
    console.log(
      `${what.padEnd(56)} ${String(is).padStart(5)}  = ${shall}${is === shall ? "" : ": NOT HELD"}`,
    );
  if (lines.some(([, is, shall]) => is !== shall)) throw new Error("webhooks do not do what they must");
}

if (import.meta.main) await run(process.argv.slice(2));
