import { readFileSync, writeFileSync } from "node:fs";

/** Of a process (proc(5)), bytes: resident now, and at most since `forgetPeak`. */
export function residentOf(pid: number | "self"): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (field: string) => 1024 * Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]);
  return { now: of("VmRSS"), peak: of("VmHWM") };
}

export function forgetPeak(pid: number | "self"): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
