import { Cairn } from "../../src/client/index.ts";

const [, , url, steps] = process.argv;

const result = await new Cairn({ url: url! }).run("p", { ttlSeconds: 60 }, async (run) => {
  let sum = 0;
  for (let i = 0; i < Number(steps); i++) {
    sum += await run.step(`${i}`, async () => {
      console.log(i);
      return i;
    });
    console.log(`saved ${i}`);
    if (!run.has(`${i + 1}`)) await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return sum;
});
console.log(`result ${result}`);
