import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What every file beside this one exports. */
export interface Bench {
  /** One line for the list. */
  about: string;
  /** Measures and prints; takes the words after the bench's name. */
  run(words: string[]): Promise<void>;
}

/** `npm run bench <name>`; without a name, the list of benches. */
async function main([name, ...words]: string[]): Promise<number> {
  const names = benchNames();
  if (name !== undefined && names.includes(name)) {
    await (await load(name)).run(words);
    return 0;
  }
  if (name !== undefined) console.error(`No bench is called "${name}".\n`);
  console.log("npm run bench <name>");
  for (const known of names) console.log(`  ${known.padEnd(12)} ${(await load(known)).about}`);
  return name === undefined ? 0 : 1;
}

function benchNames(): string[] {
  const files = readdirSync(fileURLToPath(new URL(".", import.meta.url)));
  return files
    .filter((file) => file.endsWith(".ts") && file !== "run.ts")
    .map((file) => file.slice(0, -3))
    .sort();
}

async function load(name: string): Promise<Bench> {
  return import(`./${name}.ts`);
}

process.exit(await main(process.argv.slice(2)));
