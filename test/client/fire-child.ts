import { appendFileSync } from "node:fs";
import { Cairn } from "../../src/client/index.ts";
import type { Policy } from "../../src/model/pipeline.ts";

/** Runs the pipeline `fire`, or waits for who does. What each step does to the world is a line of a file. */
const [, , url, effects, steps, strategy] = process.argv;
const policy = { strategy } as Policy;

const options = { ttlSeconds: 1, waitSeconds: 60, policy };
const result = await new Cairn({ url: url! }).run("fire", options, async (run) => {
  let sum = 0;
  for (let i = 0; i < Number(steps); i++) {
    sum += await run.step(`${i}`, async () => {
      appendFileSync(effects!, `${process.pid} ${i}\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return i * i;
    });
  }
  return sum;
});
console.log(`result ${result}`);
