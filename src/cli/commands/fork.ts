import { serviceCommand } from "../service-command.ts";

export const forkCommand = serviceCommand({
  usage: "fork PIPELINE NEW",
  about: "Starts the pipeline NEW from the newest checkpoint of another, or from its state if it has none.",
  options: { checkpoint: { type: "string" } },
  optionHelp: "  --checkpoint the id of another one",
  async run({ cairn, words: [id, pipelineId], options: { checkpoint: checkpointId } }) {
    const made = await cairn.pipeline(id!).fork(pipelineId!, { checkpointId });
    const { checkpointId: from, version } = made.forkedFrom;
    const of = from === null ? "the state" : `checkpoint ${from}`;
    return { json: made, text: `${pipelineId}: begins with ${of} of ${id}, version ${version}.` };
  },
});
