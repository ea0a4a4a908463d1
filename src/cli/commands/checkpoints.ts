import { LIST_HELP, LIST_OPTIONS, listed, more } from "../pages.ts";
import { serviceCommand } from "../service-command.ts";
import { table } from "../table.ts";

export const checkpointsCommand = serviceCommand({
  usage: "checkpoints PIPELINE",
  about: "Lists the checkpoints of a pipeline, the newest first.",
  options: { ...LIST_OPTIONS, label: { type: "string" } },
  optionHelp: `  --label      only those with this label\n${LIST_HELP}`,
  async run({ cairn, words: [id], options, progress }) {
    const { label } = options;
    const list = cairn.pipeline(id!);
    const page = listed((page) => list.listCheckpoints({ ...page, label }), options, progress);
    const { data, isWhole } = await page;
    const rows = data.map((each) => [
      ...[each.checkpointId, each.version, each.source, each.bytes, each.storedBytes, each.createdAt],
      ...[each.quarantinedAt === null ? (each.verified ? "yes" : "not yet") : "damaged", each.label],
    ]);
    const names = ["CHECKPOINT", "VERSION", "OF", "BYTES", "STORED", "MADE", "VERIFIED", "LABEL"];
    return { json: data, text: rows.length > 0 ? table(names, rows) + more(isWhole) : "No checkpoints." };
  },
});
