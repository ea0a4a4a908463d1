import type { Row } from "./report.ts";

const WIDTH = 720;
const BAR = 26;
const LEFT = 140;
const WIDEST = 3;

/** A bar chart of R by policy, as SVG: DP* is the line at 1, longer is worse; bars end at 3. */
export function chart(title: string, rows: Row[]): string {
  const height = 60 + rows.length * BAR;
  const scale = (WIDTH - LEFT - 70) / WIDEST;
  const bars = rows.map((row, i) => bar(row, 44 + i * BAR, scale));
  const one = LEFT + scale;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="12" y="24" font-size="15">${title}</text>`,
    ...bars,
    `<line x1="${one}" y1="36" x2="${one}" y2="${height - 10}" stroke="#000" stroke-dasharray="3 3"/>`,
    "</svg>\n",
  ].join("\n");
}

function bar(row: Row, y: number, scale: number): string {
  const length = Math.min(row.r, WIDEST) * scale;
  const colour = row.policy === "ours" ? "#0a7d55" : "#9aa7b1";
  const label = row.r > WIDEST ? `${row.r.toFixed(1)} →` : row.r.toFixed(3);
  return [
    `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${row.policy}</text>`,
    `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 8}" fill="${colour}"/>`,
    `<text x="${(LEFT + length + 6).toFixed(1)}" y="${y + 14}">${label}</text>`,
  ].join("");
}
