import { serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

export const sweepCommand = serviceCommand({
  usage: "sweep",
  about: "Runs the scheduled sweep now, until it has nothing left to do (scope admin).",
  async run({ cairn, progress }) {
    const sums: Record<string, number> = {};
    for (let isMore = true; isMore; ) {
      const { more, ...swept } = await cairn.sweep();
      for (const [name, count] of Object.entries(swept)) sums[name] = (sums[name] ?? 0) + Number(count);
      progress.show(`${sums.due} looked at, ${sums.interrupted} interrupted`);
      isMore = more;
    }
    return { json: sums, text: facts(sums) };
  },
});
