import { permission, restoredAnswer, WRITE_HELP, WRITE_OPTIONS } from "../restored.ts";
import { serviceCommand } from "../service-command.ts";

export const recoverCommand = serviceCommand({
  usage: "recover PIPELINE",
  about:
    "Sets the state to the newest checkpoint that verifies, as a new version. Damaged ones are quarantined.",
  options: {
    ...WRITE_OPTIONS,
    checkpoint: { type: "string" },
    select: { type: "string", multiple: true, default: [] as string[] },
  },
  optionHelp: `  --checkpoint the id of another one
  --select     a JSON Pointer: only this part of it, into the state as it is; may be repeated
${WRITE_HELP}`,
  async run({ cairn, words: [id], options }) {
    const { checkpoint: checkpointId, select } = options;
    const target = { checkpointId, ...(select.length > 0 && { select }) };
    return restoredAnswer(await cairn.pipeline(id!).recover({ ...target, ...permission(options) }));
  },
});
