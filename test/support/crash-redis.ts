import { noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

export interface CrashReport {
  rounds: number;
  acknowledged: number;
  /** Sent, not acknowledged, and there after the crash. */
  landed: number;
  /** What must not be: one line each. */
  lost: string[];
}

interface Writer {
  key: PipelineKey;
  number: number;
  /** The newest version acknowledged, and the checkpoint made with it. */
  version: number;
  checkpointId: string | null;
}

const WRITERS = 8;

/** Eight writers, and a server that is killed in their midst: what was acknowledged must be there. */
export async function crashRounds(rounds: number): Promise<CrashReport> {
  const server = await startRedis();
  const report: CrashReport = { rounds, acknowledged: 0, landed: 0, lost: [] };
  const writers = Array.from({ length: WRITERS }, (_, i) => writerOf(i));
  try {
    for (let round = 0; round < rounds; round++) {
      await writeUntilCrash(server, writers, report);
      await server.restart();
      await withBackend(server, (backend) => check(backend, writers, report));
    }
    return report;
  } finally {
    await server.stop();
  }
}

function writerOf(number: number): Writer {
  const key = { tenant: "crash", pipelineId: `writer-${number}` };
  return { key, number, version: 0, checkpointId: null };
}

async function writeUntilCrash(server: RedisServer, writers: Writer[], report: CrashReport): Promise<void> {
  await withBackend(server, async (backend) => {
    const writing = writers.map((writer) => writeOn(backend, writer, report));
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 400));
    await server.kill();
    await Promise.all(writing);
  });
}

/** Saves one version after another, with a checkpoint now and then, until a save fails. */
async function writeOn(backend: StorageBackend, writer: Writer, report: CrashReport): Promise<void> {
  for (;;) {
    const commit = await next(writer);
    const outcomes = await backend.commit([commit]).catch(() => null);
    if (outcomes === null) return;
    const [outcome] = outcomes;
    if (!outcome!.ok) throw new Error(`a save was refused: ${outcome!.refusal}`);
    writer.version = outcome!.result.version;
    writer.checkpointId = outcome!.result.checkpoint?.checkpointId ?? writer.checkpointId;
    report.acknowledged++;
  }
}

function next({ key, number, version }: Writer): Promise<Commit> {
  const effects = version % 10 === 9 ? { checkpoint: snapshot() } : {};
  return saving(key, version, contentOf(number, version + 1), { effects });
}

async function check(backend: StorageBackend, writers: Writer[], report: CrashReport): Promise<void> {
  for (const writer of writers) {
    const { key, number, version, checkpointId } = writer;
    const loaded = await backend.load(key, { frames: true });
    const found = loaded?.head.version ?? 0;
    if (found < version) report.lost.push(`${key.pipelineId}: version ${version}, the head is at ${found}`);
    if (checkpointId && !(await backend.checkpoint(key, checkpointId)))
      report.lost.push(`${key.pipelineId}: the checkpoint ${checkpointId}`);
    const state = loaded?.head.state;
    const decoded = state && (await decodeFrame(key, state, loaded.frames));
    if (decoded && !(decoded.ok && Buffer.compare(decoded.content, contentOf(number, found)) === 0))
      report.lost.push(`${key.pipelineId}: version ${found} is damaged`);
    report.landed += found - version;
    writer.version = found;
  }
}

/** Its content follows from a version, so that what is read can be checked. */
function contentOf(writer: number, version: number): Uint8Array {
  return noise(2048, version * WRITERS + writer + 1);
}

async function withBackend<T>(server: RedisServer, use: (backend: StorageBackend) => Promise<T>): Promise<T> {
  const backend = redisBackend({ transport: "tcp", url: server.url });
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}
