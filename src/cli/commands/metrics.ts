import { serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

export const metricsCommand = serviceCommand({
  usage: "metrics",
  about: "Shows how the pipelines of the key's tenant do. `-` where there is nothing to tell it from yet.",
  options: { prometheus: { type: "boolean", default: false } },
  optionHelp: "  --prometheus the counters instead, as Prometheus reads them",
  async run({ cairn, options: { prometheus } }) {
    if (prometheus) {
      const { bytes } = await cairn.request({ method: "GET", path: "/metrics", headers: {} });
      const text = new TextDecoder().decode(bytes).trimEnd();
      return { json: text, text };
    }
    const metrics = await cairn.metrics();
    const shown = Object.entries(metrics).map(([name, value]) => [name, short(value)]);
    return { json: metrics, text: facts(Object.fromEntries(shown)) };
  },
});

/** Four digits say it; of several counts, those that there are. */
function short(value: unknown): unknown {
  if (typeof value === "number" && !Number.isInteger(value)) return Number(value.toPrecision(4));
  if (typeof value !== "object" || value === null) return value;
  const counts = Object.entries(value).filter(([, count]) => count !== 0 && count !== null);
  return counts.map(([name, count]) => `${short(count)} ${name}`).join(", ") || "none";
}
