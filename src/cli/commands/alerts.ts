import { serviceCommand } from "../service-command.ts";
import { table } from "../table.ts";

export const alertsCommand = serviceCommand({
  usage: "alerts",
  about:
    "Shows what is wrong with the service, as its last sweep found it (scope admin). Ends with 1 when something is.",
  async run({ cairn }) {
    const alerts = await cairn.alerts();
    const rows = alerts.data.map((each) => [each.name, each.state, each.value, each.threshold, each.since]);
    const looked =
      alerts.evaluatedAt === null ? "No sweep has looked yet." : `Looked at: ${alerts.evaluatedAt}.`;
    const text = `${table(["ALERT", "STATE", "VALUE", "ABOVE", "SINCE"], rows)}\n${looked}`;
    return { json: alerts, text, isBad: alerts.data.some(({ state }) => state === "firing") };
  },
});
