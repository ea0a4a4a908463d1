import { expect, test } from "vitest";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { pythonOf, runPython } from "../../support/python.ts";
import { randomPair } from "./pairs.ts";
import { randomFrom } from "./versions.ts";

const SCRIPT = `
import sys
data, at = sys.stdin.buffer.read(), 0
def take():
    global at
    size = int.from_bytes(data[at:at + 4], "little"); at += 4 + size
    return data[at - size:at]
while at < len(data):
    base, delta = take(), take()
    result = apply_delta(base, delta)
    sys.stdout.buffer.write(len(result).to_bytes(4, "little") + result)`;

function framed(...all: Uint8Array[]): Buffer {
  return Buffer.concat(
    all.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

test("the decoder in the documentation makes what the codec's own does", () => {
  const random = randomFrom(7);
  const pairs = Array.from({ length: 300 }, () => randomPair(random)).filter(
    ({ base, target }) => base.length + target.length < 100_000,
  );
  expect(pairs.length).toBeGreaterThan(100);
  const input = pairs.flatMap(({ base, target }) => [base, encodeDelta(base, target)]);
  const made = runPython([...pythonOf("states.md"), SCRIPT], framed(...input));
  expect(Buffer.compare(made, framed(...pairs.map(({ target }) => target)))).toBe(0);
});
