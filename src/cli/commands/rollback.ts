import { permission, restoredAnswer, WRITE_HELP, WRITE_OPTIONS } from "../restored.ts";
import { numberOption, serviceCommand } from "../service-command.ts";

export const rollbackCommand = serviceCommand({
  usage: "rollback PIPELINE",
  about: "Sets the state to an earlier checkpoint, as a new version: nothing is erased.",
  options: { ...WRITE_OPTIONS, checkpoint: { type: "string" }, steps: { type: "string" } },
  optionHelp: `  --checkpoint the id of the one to go back to
  --steps      or how many to go back; default: 1
${WRITE_HELP}`,
  async run({ cairn, words: [id], options }) {
    const { checkpoint: checkpointId } = options;
    const target = { checkpointId, steps: numberOption("steps", options.steps, 1) };
    return restoredAnswer(await cairn.pipeline(id!).rollback({ ...target, ...permission(options) }));
  },
});
