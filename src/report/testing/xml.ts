/** An element of an XML document, as a parser that accepts nothing ill-formed reads it. */
export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All character data directly in it. */
  readonly text: string;
};

const TEXTS: Readonly<Record<string, string>> = {
  ...{ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" },
};
const NAME = "[A-Za-z_][\\w.-]*";
// What XML 1.0 calls a Char: no control characters but tab and line breaks, no half of a pair.
const CHARS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Parses a document of elements and text; throws for anything that is not well-formed. */
export function parseXml(document: string): XmlElement {
  if (!CHARS.test(document)) throw new Error("a character that XML does not have");
  let at = /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/.exec(document)?.[0].length ?? 0;
  const next = (pattern: string): RegExpExecArray | null => {
    const matcher = new RegExp(pattern, "uy");
    matcher.lastIndex = at;
    const found = matcher.exec(document);
    if (found !== null) at = matcher.lastIndex;
    return found;
  };
  const element = (): XmlElement => {
    const name = next(`<(${NAME})`)?.[1];
    if (name === undefined) throw new Error(`no element at ${at}: ${document.slice(at, at + 40)}`);
    const attributes: Record<string, string> = {};
    for (let found; (found = next(`\\s+(${NAME})="([^"<]*)"`)) !== null;) {
      if (found[1]! in attributes) throw new Error(`${found[1]} stands twice`);
      attributes[found[1]!] = decoded(found[2]!);
    }
    if (next("\\s*/>") !== null) return { name, attributes, children: [], text: "" };
    if (next("\\s*>") === null) throw new Error(`<${name} does not end at ${at}`);
    const children: XmlElement[] = [];
    let text = "";
    for (;;) {
      text += decoded(next("[^<]*")![0]);
      if (next(`</${name}\\s*>`) !== null) return { name, attributes, children, text };
      children.push(element());
    }
  };
  const root = element();
  if (next("\\s*$") === null) throw new Error(`more after the root at ${at}`);
  return root;
}

function decoded(text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const char = TEXTS[name];
    if (char === undefined || !whole.endsWith(";")) throw new Error(`no entity: ${whole}`);
    return char;
  });
}

/** The elements of that name, at any depth, in order. */
export const elementsOf = (root: XmlElement, name: string): readonly XmlElement[] => [
  ...(root.name === name ? [root] : []),
  ...root.children.flatMap((child) => elementsOf(child, name)),
];
