import { readFileSync } from "node:fs";

interface Panel {
  targets?: { expr: string }[];
}

/** What Grafana puts in the place of its variables. */
const GIVEN: Readonly<Record<string, string>> = {
  ...{ $tenant: ".*", $__rate_interval: "1m", $__range: "1h" },
};

/** All that infra/grafana/cairn.json asks Prometheus for, with its variables filled in as Grafana does. */
export function dashboard(): { expressions: string[]; variables: string[] } {
  const file = new URL("../../infra/grafana/cairn.json", import.meta.url);
  const { panels, templating } = JSON.parse(readFileSync(file, "utf8"));
  const expressions = (panels as Panel[]).flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => filled(expr)),
  );
  const queries = templating.list.flatMap(({ query }: { query: { query?: string } }) => query.query ?? []);
  return { expressions, variables: queries.map(asExpression) };
}

function filled(expression: string): string {
  const text = expression.replace(/\$\w+/g, (name) => GIVEN[name] ?? name);
  if (text.includes("$")) throw new Error(`a variable that Grafana does not know: ${text}`);
  return text;
}

/** `label_values(metric, label)` is Grafana's own. */
function asExpression(query: string): string {
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
  return `group by (${label}) (${metric}{${label}!=""})`;
}
