const LINE = /^([a-z_]+)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the text format; throws where a line is none of it, or of a family that was not announced. */
export function readPrometheus(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("The last line has no end.");
  const announced = new Map<string, string>();
  return text.split("\n").flatMap((line): Sample[] => {
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    if (type) announced.set(type[1]!, type[2]!);
    if (line === "" || line.startsWith("#")) return [];
    const [, name = "", labels = "", value] = LINE.exec(line) ?? [];
    const family = announced.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
    const histogram = announced.get(family) === "histogram";
    if (!announced.has(family) || histogram === (family === name)) throw new Error(`Not announced: ${line}`);
    const read = [...labels.matchAll(LABEL)].map(([, label, text]) => [label, JSON.parse(`"${text}"`)]);
    return [{ name, labels: Object.fromEntries(read), value: Number(value) }];
  });
}

/** The value of the one sample that has these labels; 0 where there is none. */
export function sampleOf(samples: readonly Sample[], name: string, labels: Record<string, string>): number {
  const found = samples.filter(
    (each) =>
      each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
  return found[0]?.value ?? 0;
}
