import { crashRounds } from "../test/support/crash-redis.ts";

export const about = "Redis (AOF always) is killed under eight writers: acknowledged writes that are lost";

/** Words: the number of rounds (default 20), each ended by SIGKILL. */
export async function run([rounds = "20"]: string[]): Promise<void> {
  const { acknowledged, landed, lost } = await crashRounds(Number(rounds));
  console.log(`${rounds} crashes: ${acknowledged} writes acknowledged, ${lost.length} lost`);
  console.log(`${landed} writes whose answer was lost had landed`);
  for (const line of lost) console.error(line);
  if (lost.length > 0) throw new Error("acknowledged writes were lost");
}

if (import.meta.main) await run(process.argv.slice(2));
