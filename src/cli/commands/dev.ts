import type { Command } from "../command.ts";

const help = `Usage: cairn dev [--backend object|postgres|redis]

The service on this machine, in workerd, until it is stopped. HOST, PORT and CAIRN_DATA say where, as for \`npm start\`.`;

async function run(words: string[]): Promise<null> {
  // It reads its words from where it would find them if it were called by itself.
  process.argv.splice(2, process.argv.length, ...words);
  await import("../dev.ts");
  return null;
}

export const devCommand: Command = { help, run };
