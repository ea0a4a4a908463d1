import { redisBackend } from "../src/backends/redis/index.ts";
import { startRedis } from "../src/cli/local/redis.ts";
import { createApp } from "../src/http/app.ts";
import { logSink } from "../src/monitoring/sinks/log.ts";
import { sinksOf } from "../src/monitoring/sinks/sink.ts";
import { type Core, createCore } from "../src/state/core.ts";
import { median } from "./coldstart/report.ts";

export const about = "what counting and the log add to a save, interleaved; [rounds]";

/** As before there were metrics: what is learned is counted, what operations do is not. */
function uncounted(core: Core): Core {
  const count: Core["tally"]["count"] = (key, increments) => {
    if (key.scope !== "metrics") core.tally.count(key, increments);
  };
  const { flush, claim, close } = core.tally;
  return { ...core, tally: { ...{ flush, claim, close, count }, size: 0, dropped: 0 } };
}

/** Saves through the service over one Redis, now with monitoring, now without. */
export async function run([rounds = "4000"]: string[]): Promise<void> {
  const server = await startRedis();
  const backend = redisBackend({ transport: "tcp", url: server.url });
  let logged = 0;
  const write = (line: string) => {
    logged += line.length;
  };
  const core = createCore({ backend });
  const on = createApp({
    core,
    keys: null,
    sinks: sinksOf([logSink(write)], core.tally),
  });
  const off = createApp({ core: uncounted(createCore({ backend })), keys: null });
  const times: Record<"on" | "off", number[]> = { on: [], off: [] };
  try {
    for (let i = 0; i < Number(rounds); i++) {
      for (const side of i % 2 ? (["on", "off"] as const) : (["off", "on"] as const)) {
        const started = performance.now();
        const body = JSON.stringify({ i, text: "x".repeat(1000) });
        const headers = { "Content-Type": "application/json" };
        const request = new Request(`http://localhost/v1/pipelines/${side}/state`, {
          ...{ method: "PUT", headers, body },
        });
        const answer = await (side === "on" ? on : off).fetch(request);
        if (!answer.ok) throw new Error(`a save was answered ${answer.status}`);
        await answer.arrayBuffer();
        if (i >= 200) times[side].push(performance.now() - started);
      }
    }
  } finally {
    await backend.close();
    await server.stop();
  }
  const [with_, without] = [median(times.on), median(times.off)];
  console.log(`median save over Redis: ${with_.toFixed(3)} ms on, ${without.toFixed(3)} ms off`);
  console.log(`ratio ${(with_ / without).toFixed(3)}, at most 1.05; ${logged} characters logged`);
  if (with_ > without * 1.05) process.exitCode = 1;
}
