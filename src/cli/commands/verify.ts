import { listed } from "../pages.ts";
import { serviceCommand } from "../service-command.ts";

export const verifyCommand = serviceCommand({
  usage: "verify PIPELINE [CHECKPOINT]",
  about: "Reads and hashes every frame of a checkpoint, or of all. Ends with 1 when something is damaged.",
  async run({ cairn, words: [id, one], progress }) {
    const pipeline = cairn.pipeline(id!);
    const all = () => listed((page) => pipeline.listCheckpoints(page), { all: true }, progress);
    const ids = one ? [one] : (await all()).data.map(({ checkpointId }) => checkpointId);
    const found: { checkpointId: string; valid: boolean; problems: string[] }[] = [];
    for (const checkpointId of ids) {
      progress.show(`${found.length} of ${ids.length} verified`, found.length / ids.length);
      found.push({ checkpointId, ...(await pipeline.verifyCheckpoint(checkpointId)) });
    }
    const bad = found.filter(({ valid }) => !valid);
    const lines = bad.map(
      ({ checkpointId, problems }) => `Damaged: ${checkpointId} (${problems.join("; ")}).`,
    );
    const text = [...lines, `${found.length - bad.length} of ${found.length} checkpoints verify.`].join("\n");
    return { json: found, text, isBad: bad.length > 0 };
  },
});
