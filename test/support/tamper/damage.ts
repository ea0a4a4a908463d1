import type { Subject } from "../../../src/backends/contract.ts";
import type { Medium } from "./medium.ts";

/** What the contract suite damages stores by. Empty bytes have no bit to flip: they get one byte too many. */
export function damaging(medium: Medium): NonNullable<Subject["damage"]> {
  return async (key, { frameId }, how) => {
    const slot = await medium(key, frameId);
    const bytes = (await slot.read())!;
    if (how === "delete") return slot.write(null);
    if (how === "truncate") return slot.write(bytes.slice(0, -1));
    const middle = bytes.length >> 1;
    await slot.write(bytes.length === 0 ? new Uint8Array(1) : bytes.with(middle, bytes[middle]! ^ 1));
  };
}
