import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BATCHES, type Corpus, type Document } from "./stages.ts";

const packages = fileURLToPath(new URL("../node_modules", import.meta.url));

const DOCUMENTS = 90;
const CHARACTERS = { least: 400, most: 4000 };

/**
 * The READMEs and docs of the installed packages: at most 90 of them, spread evenly over their sorted paths,
 * each cut at 4,000 characters. The same files give the same documents, wherever they lie.
 */
export function installedDocs(): Corpus {
  let chosen: Document[] | undefined;
  return (batch) => {
    chosen ??= choose();
    const size = Math.ceil(chosen.length / BATCHES);
    return chosen.slice(batch * size, (batch + 1) * size);
  };
}

function choose(): Document[] {
  const paths = markdownFiles("").sort();
  const all = paths.map(readDocument).filter(({ text }) => text.length >= CHARACTERS.least);
  const step = Math.max(1, all.length / DOCUMENTS);
  return all.filter((_, index) => Math.floor(index / step) > Math.floor((index - 1) / step));
}

/** Paths below node_modules, with `/` on every system. */
function markdownFiles(folder: string): string[] {
  return readdirSync(join(packages, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isSkipped(entry.name) ? [] : markdownFiles(path);
    return entry.isFile() && isDocument(entry.name) ? [path] : [];
  });
}

/** Hidden folders, and second copies of packages. */
function isSkipped(folder: string): boolean {
  return folder.startsWith(".") || folder === "node_modules";
}

/** A README or a page of documentation in English: no translation, history or licence. */
function isDocument(name: string): boolean {
  return /^[^.]+\.md$/i.test(name) && !/^(change|history|licen|contribut|code_of|security)/i.test(name);
}

function readDocument(name: string): Document {
  const text = readFileSync(join(packages, name), "utf8");
  // The cut may fall between two halves of a character.
  return { name, text: text.slice(0, CHARACTERS.most).toWellFormed() };
}
