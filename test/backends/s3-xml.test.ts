import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, textOf, textsOf } from "../../src/backends/object/s3-xml.ts";

describe("the XML of S3", () => {
  it("gives the texts of an element, wherever it is, in order", () => {
    const xml = `<?xml version="1.0"?><List xmlns="http://x/"><Key>a</Key><Contents>\n <Key>b&amp;c</Key ></Contents><Keys>no</Keys><Key/></List>`;
    expect(textsOf(xml, "Key")).toEqual(["a", "b&c"]);
    expect(textOf(xml, "Contents")).toBeNull();
    expect(textOf("", "Key")).toBeNull();
  });

  it("decodes entities once", () => {
    const xml = "<K>&lt;&gt;&quot;&apos;&amp;amp;&#252;&#x1F600;&unknown;&#x110000;</K>";
    expect(textOf(xml, "K")).toBe(`<>"'&amp;ü\u{1f600}&unknown;&#x110000;`);
  });

  it("reads back what it escapes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(textOf(`<Key>${escapeText(text)}</Key>`, "Key")).toBe(text);
      }),
    );
  });
});
