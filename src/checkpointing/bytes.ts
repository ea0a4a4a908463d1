const UNITS = new Map([
  ["", 1],
  ["k", 1e3],
  ["m", 1e6],
  ["g", 1e9],
  ["t", 1e12],
  ["ki", 2 ** 10],
  ["mi", 2 ** 20],
  ["gi", 2 ** 30],
  ["ti", 2 ** 40],
]);

/** Bytes of a size such as `"1GB"`, `"512 MiB"` or `1048576`; undefined for anything else. */
export function parseBytes(size: string | number): number | undefined {
  if (typeof size === "number") return Number.isFinite(size) && size >= 0 ? Math.floor(size) : undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*$/i.exec(size);
  if (!match) return undefined;
  return Math.floor(Number(match[1]) * UNITS.get((match[2] ?? "").toLowerCase())!);
}
