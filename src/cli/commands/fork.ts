import type { PipelineView } from "../../model/pipeline-view.ts";
import { json } from "../service.ts";
import { serviceCommand } from "../service-command.ts";

interface Forked extends PipelineView {
  forkedFrom: { checkpointId: string | null; version: number };
}

export const forkCommand = serviceCommand({
  usage: "fork PIPELINE NEW",
  about: "Starts the pipeline NEW from the newest checkpoint of another, or from its state if it has none.",
  options: { checkpoint: { type: "string" } },
  optionHelp: "  --checkpoint the id of another one",
  async run({ service, words: [id, pipelineId], options: { checkpoint: checkpointId } }) {
    const body = json({ pipelineId, checkpointId });
    const made = await service.call<Forked>("POST", `/v1/pipelines/${id}/fork`, body);
    const { checkpointId: from, version } = made.forkedFrom;
    const of = from === null ? "the state" : `checkpoint ${from}`;
    return { json: made, text: `${pipelineId}: begins with ${of} of ${id}, version ${version}.` };
  },
});
