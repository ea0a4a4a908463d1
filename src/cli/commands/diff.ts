import { serviceCommand } from "../service-command.ts";
import { cell, table } from "../table.ts";

export const diffCommand = serviceCommand({
  usage: "diff PIPELINE FROM [TO]",
  about:
    "Shows what makes the JSON of the checkpoint TO out of that of FROM. TO: the state as it is, `current`.",
  async run({ cairn, words: [id, from, to] }) {
    const difference = await cairn.pipeline(id!).diffCheckpoints(from!, to || "current");
    const rows = difference.patch.map((change) => [
      ...[change.op, change.path, "value" in change ? JSON.stringify(change.value) : ""],
    ]);
    const sizes = Object.entries(difference.bytes).map(
      ([pointer, by]) => `${cell(pointer)} ${by < 0 ? by : `+${by}`}`,
    );
    const text = rows.length > 0 ? table(["CHANGE", "AT", "VALUE"], rows) : "No difference.";
    return { json: difference, text: sizes.length > 0 ? `${text}\nBytes: ${sizes.join(", ")}.` : text };
  },
});
