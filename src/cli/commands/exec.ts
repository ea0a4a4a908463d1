import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Pipeline } from "../../client/pipeline.ts";
import { keepLease } from "../../client/run/lease.ts";
import type { CairnLeaseError } from "../../client/run/lease-error.ts";
import { takeLease } from "../../client/run/take.ts";
import { CairnError } from "../../model/errors.ts";
import { PipelineId } from "../../model/names.ts";
import type { Policy } from "../../model/pipeline.ts";
import { present } from "../../model/present.ts";
import { type Command, readOptions, UsageError } from "../command.ts";
import { codeOf, type Program, startProgram } from "../exec/program.ts";
import { StateFile } from "../exec/state-file.ts";
import { saveLast, type Watched, watch } from "../exec/watch.ts";
import { asCairnError, clientAt, SERVICE_HELP, SERVICE_OPTIONS } from "../service.ts";
import { numberOption } from "../service-command.ts";

const help = `Usage: cairn exec --pipeline PIPELINE [options] -- PROGRAM [ARGUMENT]...

Makes a program recoverable. It finds its last state in the file that CAIRN_STATE_FILE names, if there is one, and
writes its state there (to another file, which it then renames, is best). The file is saved when it has changed, was the
same at two looks, parses if its name ends in .json, and the pipeline's policy finds it worth it; and at the end. Exit
code 0 makes the pipeline completed, another one failed. SIGTERM, SIGINT and SIGHUP are passed on, and a last save made:
then the pipeline waits to be gone on with. If the lease is lost, the program is stopped. Nothing that it has started
outlives it, and it does not outlive this command.

  --pipeline   the run that it is
  --kind       what it is a run of, when the pipeline is made
  --strategy   adaptive, time, progress, event, always or never: of its policy, when the pipeline is made
  --state-file where the state goes; default: CAIRN_STATE_FILE, else a file that goes at the end
  --owner      in whose name the lease is; default: this host and process
  --ttl        of the lease, seconds; default: 60
  --wait       for another holder, seconds; default: twice --ttl
  --grace      seconds from a signal to SIGKILL; default: 10
  --look       seconds between two looks at the file; default: 1
  --json       print errors as JSON
${SERVICE_HELP}`;

const OPTIONS = {
  ...SERVICE_OPTIONS,
  pipeline: { type: "string", default: "" },
  kind: { type: "string" },
  strategy: { type: "string" },
  "state-file": { type: "string", default: process.env.CAIRN_STATE_FILE ?? "" },
  owner: { type: "string", default: `${hostname()}-${process.pid}` },
  ttl: { type: "string", default: "60" },
  wait: { type: "string" },
  grace: { type: "string", default: "10" },
  look: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
} as const;

/** Of a lease's time, what is kept to stop the program once the lease cannot be renewed. */
const RESERVE = 1 / 3;
const BEATS = 5;

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

async function run(words: string[]): Promise<null> {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const program = words.slice(end + 1);
  const options = readOptions(words.slice(0, end), OPTIONS);
  const { pipeline: pipelineId, owner, kind, strategy } = options;
  if (!PipelineId().safeParse(pipelineId).success) throw new UsageError("which pipeline? Give --pipeline.");
  if (program.length === 0) throw new UsageError("which program? Give it after --.");
  const ttlSeconds = numberOption("ttl", options.ttl, 1)!;
  const waitSeconds = numberOption("wait", options.wait, 0) ?? 2 * ttlSeconds;
  const settings = { ...present({ kind }), ...(strategy && { policy: { strategy } as Policy }) };
  const graceSeconds = numberOption("grace", options.grace, 0)!;
  const lookSeconds = Number(options.look);
  if (!(lookSeconds >= 0.01 && lookSeconds <= 3600)) throw new UsageError("--look is from 0.01 to 3600.");
  const pipeline = clientAt(options).pipeline(pipelineId);
  const lease = { owner, ttlSeconds, waitSeconds };
  const { fence, version } = await takeLease(pipeline, lease, settings).catch(asCairnError);
  const folder = options["state-file"] === "" ? await mkdtemp(join(tmpdir(), "cairn-exec-")) : null;
  const file = new StateFile(folder ? join(folder, "state") : resolve(options["state-file"]));
  const watched = { pipeline, fence, file, lookSeconds, warn };
  try {
    if (version > 0) await restore(pipeline, file);
    const { code, signal } = await perform(program, watched, ttlSeconds, graceSeconds);
    // A signal means that it is to go on elsewhere: a lease that runs out at once has the sweep find it.
    await (signal
      ? pipeline.heartbeat({ fence, ttlSeconds: 1 })
      : pipeline.finish(code === 0 ? "completed" : "failed", { fence })
    ).catch(asCairnError);
    process.exitCode = signal && code === 0 ? codeOf(signal) : code;
  } catch (error) {
    // It may hold what is nowhere else.
    if (folder) warn(`the program's last state is in ${file.path}, unless it was saved before.`);
    throw error;
  }
  if (folder) await rm(folder, { recursive: true, force: true });
  return null;
}

async function restore(pipeline: Pipeline, file: StateFile): Promise<void> {
  const loaded = await pipeline.loadBytes().catch(asCairnError);
  if (loaded) await file.restore(loaded.bytes);
}

/** Runs the program under the lease, to its end, and saves what it leaves. @returns which signal came, if one did */
async function perform(
  words: string[],
  watched: Watched,
  ttlSeconds: number,
  graceSeconds: number,
): Promise<{ code: number; signal: NodeJS.Signals | null }> {
  const { pipeline, fence, file } = watched;
  const over = new AbortController();
  const environment = { CAIRN_STATE_FILE: file.path, CAIRN_PIPELINE: pipeline.id };
  const program = startProgram(words, { ...process.env, ...environment });
  const signals = passOn(program, graceSeconds);
  const watching = watch(watched, over.signal);
  const lease = keepLease(pipeline, { fence, ttlSeconds, beats: BEATS, reserve: RESERVE });
  // Without the lease, whatever it does may do harm.
  const stop = () => void program.stop(Math.min(graceSeconds, ttlSeconds * RESERVE));
  lease.signal.addEventListener("abort", stop);
  const code = await program.ended.finally(() => over.abort());
  lease.stop();
  await watching;
  signals.end();
  if (lease.signal.aborted) {
    const { message } = lease.signal.reason as CairnLeaseError;
    throw new CairnError("fence_lost", `The lease was lost, and the program stopped. ${message}`);
  }
  await saveLast(watched);
  return { code, signal: signals.received };
}

function passOn(program: Program, graceSeconds: number) {
  const state = { received: null as NodeJS.Signals | null, end: () => {} };
  const handlers = SIGNALS.map((name) => {
    const handler = () => {
      state.received = name;
      program.signal(name);
      setTimeout(() => program.signal("SIGKILL"), graceSeconds * 1000).unref();
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  state.end = () => {
    for (const off of handlers) off();
  };
  return state;
}

function warn(text: string): void {
  console.error(`cairn: ${text}`);
}

export const execCommand: Command = { help, run };
