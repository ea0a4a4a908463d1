import { serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

type Swept = Record<string, number> & { more: boolean };

export const sweepCommand = serviceCommand({
  usage: "sweep",
  about: "Runs the scheduled sweep now, until it has nothing left to do (scope admin).",
  async run({ service, progress }) {
    const sums: Record<string, number> = {};
    for (let isMore = true; isMore; ) {
      const { more, ...swept } = await service.call<Swept>("POST", "/v1/sweep");
      for (const [name, count] of Object.entries(swept)) sums[name] = (sums[name] ?? 0) + Number(count);
      progress.show(`${sums.due} looked at, ${sums.interrupted} interrupted`);
      isMore = more;
    }
    return { json: sums, text: facts(sums) };
  },
});
