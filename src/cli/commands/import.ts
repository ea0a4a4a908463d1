import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { PipelineId } from "../../model/names.ts";
import { openExport } from "../../recovery/export/open.ts";
import { callsOf } from "../../verbs/remote.ts";
import { replay } from "../../verbs/replay.ts";
import { type Command, readArguments, UsageError } from "../command.ts";
import { progressOn } from "../progress.ts";
import { asCairnError, clientAt, SERVICE_HELP, SERVICE_OPTIONS } from "../service.ts";

const help = `Usage: cairn import FILE [--as PIPELINE] [--url URL] [--api-key KEY] [--json]

Makes a pipeline of a file that \`cairn export\` wrote. All of it is checked before anything is sent. A pipeline that
is there is never written over; one that an import left unfinished is replaced.

  --as         the id of the new pipeline; default: as it was
  --json       print JSON
${SERVICE_HELP}`;

async function run(words: string[]): Promise<string> {
  const options = {
    ...SERVICE_OPTIONS,
    as: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  } as const;
  const { word: path, values } = readArguments(words, options);
  if (path === "") throw new UsageError("which file?");
  if (values.as !== "" && !PipelineId().safeParse(values.as).success)
    throw new UsageError("--as is 1 to 128 letters, digits and . _ -, and begins with a letter or digit.");
  const call = callsOf(clientAt(values));
  const file = await open(path);
  const opened = await openExport(file);
  const pipelineId = values.as || opened.manifest.pipelineId;
  const progress = progressOn(process.stderr);
  const { made, leftOut } = await replay(call, pipelineId, opened, progress)
    .catch(asCairnError)
    .finally(() => progress.end());
  if (values.json) return JSON.stringify({ pipelineId, checkpoints: made, leftOut });
  const lines = leftOut.map(
    ({ checkpointId, problem }) => `Left out: checkpoint ${checkpointId} (${problem}).`,
  );
  return [...lines, `${pipelineId}: the state and ${made} checkpoints are there.`].join("\n");
}

async function open(path: string): Promise<Blob> {
  try {
    if (!(await stat(path)).isFile()) throw new Error("it is none");
    return await openAsBlob(path);
  } catch (error) {
    throw new UsageError(`the file cannot be read: ${(error as Error).message}`);
  }
}

export const importCommand: Command = { help, run };
