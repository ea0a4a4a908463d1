import type { Status } from "../../model/pipeline.ts";
import { UsageError } from "../command.ts";
import { LIST_HELP, LIST_OPTIONS, listed, more } from "../pages.ts";
import { serviceCommand } from "../service-command.ts";
import { table } from "../table.ts";

export const listCommand = serviceCommand({
  usage: "list",
  about: "Lists the pipelines of the key's tenant, by id.",
  options: {
    ...LIST_OPTIONS,
    status: { type: "string" },
    kind: { type: "string" },
    label: { type: "string", multiple: true, default: [] as string[] },
  },
  optionHelp: `  --status     only running, interrupted, completed, failed or cancelled ones
  --kind       only those of a kind
  --label      name=value: only those with this label; may be repeated
${LIST_HELP}`,
  async run({ cairn, options, progress }) {
    const { kind, status, label } = options;
    // What is no status the service refuses, and says which there are.
    const filter = { kind, status: status as Status, labels: Object.fromEntries(label.map(nameAndValue)) };
    const { data, isWhole } = await listed((page) => cairn.listPipelines(filter, page), options, progress);
    const rows = data.map(({ pipelineId, status, kind, version, bytes, updatedAt, lease }) => [
      ...[pipelineId, status, kind, version, bytes, updatedAt, lease?.owner],
    ]);
    const names = ["PIPELINE", "STATUS", "KIND", "VERSION", "BYTES", "UPDATED", "HELD BY"];
    return { json: data, text: rows.length > 0 ? table(names, rows) + more(isWhole) : "No pipelines." };
  },
});

function nameAndValue(label: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(label) ?? [];
  if (name === undefined) throw new UsageError("--label is name=value.");
  return [name, value!];
}
