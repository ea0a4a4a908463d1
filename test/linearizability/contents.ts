import { noise } from "../../src/backends/contract/support.ts";

/** What is saved for a value: its name, then bytes that follow from it; now and then more than a head carries. */
export function contentOf(value: string): Buffer {
  const number = Number(value.split(".")[1]);
  const length = number % 16 === 0 ? 20_000 : number % 4 === 0 ? 2000 : 20;
  return Buffer.concat([Buffer.from(`${value}\n`), noise(length, number + 1)]);
}

/** The value that was saved as this content; `null`: none was. */
export function savedAs(content: Buffer): string | null {
  const value = content.subarray(0, content.indexOf("\n")).toString();
  return /^\d+\.\d+$/.test(value) && content.equals(contentOf(value)) ? value : null;
}
