import type { Checkpoint } from "../../model/checkpoint.ts";
import { LIST_HELP, LIST_OPTIONS, listed, more } from "../pages.ts";
import { serviceCommand } from "../service-command.ts";
import { table } from "../table.ts";

export const checkpointsCommand = serviceCommand({
  usage: "checkpoints PIPELINE",
  about: "Lists the checkpoints of a pipeline, the newest first.",
  options: { ...LIST_OPTIONS, label: { type: "string" } },
  optionHelp: `  --label      only those with this label\n${LIST_HELP}`,
  async run({ service, words: [id], options, progress }) {
    const query = new URLSearchParams(options.label === undefined ? {} : { label: options.label });
    const path = `/v1/pipelines/${id}/checkpoints`;
    const { data, isWhole } = await listed<Checkpoint>(service, path, query, options, progress);
    const rows = data.map((each) => [
      ...[each.checkpointId, each.version, each.source, each.bytes, each.storedBytes, each.createdAt],
      ...[each.quarantinedAt === null ? (each.verified ? "yes" : "not yet") : "damaged", each.label],
    ]);
    const names = ["CHECKPOINT", "VERSION", "OF", "BYTES", "STORED", "MADE", "VERIFIED", "LABEL"];
    return { json: data, text: rows.length > 0 ? table(names, rows) + more(isWhole) : "No checkpoints." };
  },
});
