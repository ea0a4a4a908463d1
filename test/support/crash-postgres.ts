import { noise, saving } from "../../src/backends/contract/support.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
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
  /** The newest version acknowledged. */
  version: number;
}

const WRITERS = 8;

/** Eight writers, and a server that is ended at once in their midst: what was acknowledged must be there. */
export async function crashRounds(rounds: number): Promise<CrashReport> {
  const server = await startPostgres();
  const report: CrashReport = { rounds, acknowledged: 0, landed: 0, lost: [] };
  const writers = Array.from({ length: WRITERS }, (_, i) => writerOf(`writer-${i}`));
  try {
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    await migrate(runner);
    await runner.close();
    for (let round = 0; round < rounds; round++) {
      await writeUntilCrash(server, writers, round, report);
      await server.restart();
      await withBackend(server, (backend) => check(backend, writers, report));
    }
    return report;
  } finally {
    await server.stop();
  }
}

function writerOf(pipelineId: string): Writer {
  return { key: { tenant: "crash", pipelineId }, version: 0 };
}

async function writeUntilCrash(
  server: PostgresServer,
  writers: Writer[],
  round: number,
  report: CrashReport,
) {
  await withBackend(server, async (backend) => {
    const writing = writers.map((writer) => writeOn(backend, writer, report));
    await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 400));
    await server.crash(round % 2 === 0 ? "SIGQUIT" : "SIGKILL");
    await Promise.all(writing);
  });
}

/** Saves one version after another, until a save fails. */
async function writeOn(backend: StorageBackend, writer: Writer, report: CrashReport): Promise<void> {
  for (;;) {
    const commit = await saving(writer.key, writer.version, contentOf(writer, writer.version + 1));
    const outcomes = await backend.commit([commit]).catch(() => null);
    if (outcomes === null) return;
    const [outcome] = outcomes;
    if (!outcome!.ok) throw new Error(`a save was refused: ${outcome!.refusal}`);
    writer.version = outcome!.result.version;
    report.acknowledged++;
  }
}

async function check(backend: StorageBackend, writers: Writer[], report: CrashReport): Promise<void> {
  for (const writer of writers) {
    const loaded = await backend.load(writer.key, { frames: true });
    const version = loaded?.head.version ?? 0;
    const name = `${writer.key.pipelineId} version ${writer.version}`;
    if (version < writer.version) report.lost.push(`${name}: the head is at ${version}`);
    else if (version > 0) {
      const decoded = await decodeFrame(writer.key, loaded!.head.state!, loaded!.frames);
      const intact = decoded.ok && Buffer.compare(decoded.content, contentOf(writer, version)) === 0;
      if (!intact) report.lost.push(`${name}: damaged`);
    }
    report.landed += version - writer.version;
    writer.version = version;
  }
}

/** Its content follows from a version, so that what is read can be checked. */
function contentOf({ key }: Writer, version: number): Uint8Array {
  return noise(2048, version * 8 + Number(key.pipelineId.at(-1)) + 1);
}

async function withBackend<T>(
  server: PostgresServer,
  use: (backend: StorageBackend) => Promise<T>,
): Promise<T> {
  const backend = postgresBackend({ transport: "tcp", url: server.url });
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}
