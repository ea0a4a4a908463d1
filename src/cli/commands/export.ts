import { createWriteStream, openAsBlob } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline as piped } from "node:stream/promises";
import { CairnError } from "../../model/errors.ts";
import { PipelineId } from "../../model/names.ts";
import { openExport } from "../../recovery/export/open.ts";
import { type Command, readArguments, UsageError } from "../command.ts";
import { type Progress, progressOn } from "../progress.ts";
import { asCairnError, clientAt, SERVICE_HELP, SERVICE_OPTIONS } from "../service.ts";

const help = `Usage: cairn export PIPELINE -o FILE [--url URL] [--api-key KEY] [--json]

Downloads a pipeline with its checkpoints as one file, and checks it. The file is as secret as what it holds:
nothing in it is encrypted. \`cairn import\` makes a pipeline of it, there or elsewhere.

  -o, --output where the file goes; one that is there is replaced once the new one is whole
  --json       print JSON
${SERVICE_HELP}`;

async function run(words: string[]): Promise<string> {
  const options = {
    ...SERVICE_OPTIONS,
    output: { type: "string", short: "o", default: "" },
    json: { type: "boolean", default: false },
  } as const;
  const { word: pipelineId, values } = readArguments(words, options);
  const { output } = values;
  if (!PipelineId().safeParse(pipelineId).success) throw new UsageError("which pipeline? Give its id.");
  if (output === "") throw new UsageError("where to? Give -o FILE.");
  const stream = await clientAt(values).pipeline(pipelineId).export().catch(asCairnError);
  const draft = `${output}.${process.pid}.part`;
  try {
    const progress = progressOn(process.stderr);
    await download(stream, draft, progress).finally(() => progress.end());
    const file = await openAsBlob(draft);
    const { manifest } = await openExport(file);
    await rename(draft, output);
    const checkpoints = manifest.checkpoints.length;
    if (values.json) return JSON.stringify({ pipelineId, checkpoints, bytes: file.size, file: output });
    return `${pipelineId}: the state and ${checkpoints} checkpoints, ${file.size} bytes, in ${output}.`;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Only its owner may read it. */
async function download(stream: ReadableStream<Uint8Array>, path: string, progress: Progress): Promise<void> {
  let bytes = 0;
  const counted = stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length;
        progress.show(`${bytes} bytes`);
        controller.enqueue(chunk);
      },
    }),
  );

  const target = createWriteStream(path, { mode: 0o600 });
  await piped(Readable.fromWeb(counted as Parameters<typeof Readable.fromWeb>[0]), target).catch((cause) => {
    const reason = cause instanceof Error && "syscall" in cause ? cause.message : "the service broke off";
    throw new CairnError("internal", `The file could not be written: ${reason}.`, { cause });
  });
}

export const exportCommand: Command = { help, run };
