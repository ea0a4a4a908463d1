const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * The texts of all elements of that name, in order, entities decoded. Enough for S3's answers, which have no
 * CDATA, comments or elements within those asked for: in such XML a bare `<` can only begin a tag.
 * (`DOMParser` is missing in workerd and Node.)
 */
export function textsOf(xml: string, element: string): string[] {
  const pattern = new RegExp(`<${element}(?:\\s[^>]*)?>([^<]*)</${element}\\s*>`, "g");
  return [...xml.matchAll(pattern)].map((match) => decodeEntities(match[1]!));
}

/** The text of the first such element, or `null`. */
export function textOf(xml: string, element: string): string | null {
  return textsOf(xml, element)[0] ?? null;
}

/** Text as it stands between two tags. */
export function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (letter) => (letter === "&" ? "&amp;" : letter === "<" ? "&lt;" : "&gt;"));
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
