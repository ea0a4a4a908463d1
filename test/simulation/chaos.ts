import { seal } from "../../src/frames/digest.ts";
import { encodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import { bytesOf } from "./contents.ts";
import type { Line } from "./line.ts";
import type { Run } from "./run.ts";
import type { Actor } from "./world.ts";

/** Lets happen, minute by minute, what the weather says: until it is calm. */
export function startChaos(run: Run): void {
  const { world } = run;
  world.start(world.nobody, world.now, async () => {
    for (;;) {
      await world.sleep(world.random.int(20, 60));
      await strike(run);
    }
  });
}

async function strike(run: Run): Promise<void> {
  const { world, weather, cluster } = run;
  const { random } = world;
  if (random.chance(weather.crashes)) cluster.crash(cluster.any());
  if (random.chance(weather.stalls)) cluster.stall(cluster.any(), random.int(1, 150));
  if (random.chance(weather.clientTrouble)) trouble(run);
  if (random.chance(weather.damage)) damage(run);
  if (random.chance(weather.laterRelease)) await writeLater(run);
}

/** A client dies, or is stopped for longer than its lease may last. */
function trouble({ world, clients }: Run): void {
  const living = clients.filter(({ alive }) => alive);
  if (living.length === 0) return;
  const client: Actor = world.random.pick(living);
  if (world.random.chance(0.4)) client.alive = false;
  else client.stalledUntil = world.now + world.random.int(5, 180) * 1000;
  world.log(() => `${client.name} ${client.alive ? "stalls" : "dies"}`);
}

function someLine({ world, recorder }: Run): Line | undefined {
  const lines = [...recorder.lines.values()].filter(({ head }) => head?.state);
  return lines.length > 0 ? world.random.pick(lines) : undefined;
}

/** One bit of a frame that is in use. */
function damage(run: Run): void {
  const line = someLine(run);
  if (!line) return;
  const { state, history, lastCheckpoint } = line.head!;
  const owners = [state!, ...history, ...(lastCheckpoint ? [lastCheckpoint] : [])];
  const { frameId } = run.world.random.pick(linksOf(run.world.random.pick(owners).frame));
  line.damaged.add(frameId);
  run.world.log(() =>
    run.world.named(`frame ${frameId} of ${line.key.tenant}/${line.key.pipelineId} is damaged`),
  );
}

/** A process of a later release saves a state in a codec that this one does not know. */
async function writeLater(run: Run): Promise<void> {
  const { world, recorder } = run;
  const line = someLine(run);
  if (!line) return;
  const { key, head } = line;
  const writeId = `later-${world.calls}`;
  const version = head!.version + 1;
  const bytes = bytesOf({ by: "a later release", version });
  const { contentSha256: sha256, ...frame } = await encodeFrame(key, version, writeId, bytes, {
    compression: { enabled: false },
  });
  const codec = "zstd";
  const ref = { ...frame.ref, codec, seal: await seal(key, version, codec, sha256) };
  const state = {
    contentType: "application/json",
    bytes: bytes.length,
    sha256,
    verified: true,
    restoredFrom: null,
  };
  recorder.intents.set(writeId, { kind: "whole", bytes });
  line.later = true;
  world.calls++;
  await recorder.commit({
    key,
    writeId,
    digest: "0".repeat(64),
    expect: { create: "never", fence: head!.fence, version: head!.version },
    effects: { state: { ...state, frame: { ref, bytes: frame.bytes } } },
  });
  world.log(() => `a later release writes ${key.tenant}/${key.pipelineId} version ${version}`);
}

/** The scheduled function, each minute: late, left out, twice at once, on any process. */
export function startCron(run: Run): void {
  const { world, weather, cluster } = run;
  world.start(world.nobody, world.now, async () => {
    for (;;) {
      await world.sleep(60);
      if (world.random.chance(run.weather.cronSkipped)) continue;
      const times = world.random.chance(run.weather.cronTwice) ? world.random.int(2, 3) : 1;
      for (let i = 0; i < times; i++) {
        const process = cluster.any();
        const late = weather === run.weather ? world.random.int(0, 20_000) : 0;
        world.start(process, world.now + late, async () => {
          await process.sweep().catch(() => null);
        });
      }
    }
  });
}
