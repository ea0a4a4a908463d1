import { serviceCommand } from "../service-command.ts";
import { cell, table } from "../table.ts";

interface Difference {
  patch: { op: string; path: string; value?: unknown }[];
  bytes: Record<string, number>;
}

export const diffCommand = serviceCommand({
  usage: "diff PIPELINE FROM [TO]",
  about:
    "Shows what makes the JSON of the checkpoint TO out of that of FROM. TO: the state as it is, `current`.",
  async run({ service, words: [id, from, to] }) {
    const path = `/v1/pipelines/${id}/checkpoints/${from}/diff/${to || "current"}`;
    const difference = await service.call<Difference>("GET", path);
    const rows = difference.patch.map(({ op, path, value }) => [
      op,
      path,
      op === "remove" ? "" : JSON.stringify(value),
    ]);
    const sizes = Object.entries(difference.bytes).map(
      ([pointer, by]) => `${cell(pointer)} ${by < 0 ? by : `+${by}`}`,
    );
    const text = rows.length > 0 ? table(["CHANGE", "AT", "VALUE"], rows) : "No difference.";
    return { json: difference, text: sizes.length > 0 ? `${text}\nBytes: ${sizes.join(", ")}.` : text };
  },
});
