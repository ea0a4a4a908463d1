import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../cli/run.ts";

/** A fenced block of a page. */
export interface Block {
  language: string;
  code: string;
  /** Where it begins. */
  line: number;
  /** Why it is not run, from its first line: ```` ```sh no-run: needs an account ````. */
  noRun: string | null;
}

/** What stands below one heading: its blocks belong together, as one session. */
export interface Section {
  /** `docs/operations.md#Keys` */
  name: string;
  blocks: Block[];
}

/** A heading, or a block: what looks like a heading in it is none. */
const FOUND = /^(?:#+ (?<heading>.+)|(?<indent> *)```(?<info>.*)\n(?<code>[\s\S]*?)^\k<indent>```)$/gm;

/** Languages that are run; those of examples that do nothing. */
const RUN = ["sh", "ts", "python"];
const SHOWN = ["", "http", "json", "sql", "text", "toml", "yaml"];

/** Of every page of the documentation, those with blocks that are code. */
export function allSections(): Section[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
  return pages.flatMap((page) => sectionsOf(page, readFileSync(join(root, page), "utf8")));
}

/** @throws Error for a block that says neither what it is in nor why it is not run */
export function sectionsOf(page: string, text: string): Section[] {
  const sections = new Map<string, Section>();
  let name = page;
  for (const found of text.matchAll(FOUND)) {
    const { heading, info = "", code = "" } = found.groups!;
    if (heading !== undefined) {
      name = `${page}#${heading}`;
      continue;
    }
    const line = text.slice(0, found.index).split("\n").length;
    const block = blockOf(info, code, line);
    if (!block) throw new Error(`${page}:${line}: \`\`\`${info} is none of ${RUN}, and has no "no-run: why"`);
    if (!RUN.includes(block.language)) continue;
    const section = sections.get(name) ?? { name, blocks: [] };
    section.blocks.push(block);
    sections.set(name, section);
  }
  return [...sections.values()];
}

function blockOf(info: string, code: string, line: number): Block | null {
  const { language, reason } = /^(?<language>\w*)(?: no-run: (?<reason>\S.*))?$/.exec(info)?.groups ?? {};
  if (language === undefined || ![...RUN, ...SHOWN].includes(language)) return null;
  return { language, code, line, noRun: reason ?? null };
}
