/** Columns as wide as their longest cell; the last one is not filled up. */
export function table(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [names, ...rows.map((row) => row.map(cell))];
  const widths = names.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const pad = (line: readonly string[]) =>
    line
      .map((text, at) => text.padEnd(widths[at]!))
      .join("  ")
      .trimEnd();
  return lines.map(pad).join("\n");
}

/** A name and its value a line. */
export function facts(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(values);
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join("\n");
}

/** What comes from others must not move the cursor, or end the line. */
export function cell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? "-"
      : typeof value === "object"
        ? JSON.stringify(value)
        : `${value}`;
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1)) || '""';
}
