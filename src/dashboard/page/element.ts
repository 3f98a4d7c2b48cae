type Child = Node | string | null;
type Props = Readonly<Record<string, string | number | boolean | ((event: Event) => void)>>;

/**
 * An element. Props that are functions are listeners (`onclick`), booleans are attributes that are there or
 * not, all else are attributes. Text never becomes markup.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  setProps(element, props);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** As `el`, for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  setProps(element, props);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function setProps(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (element.getAttribute(name) !== String(value))
      element.setAttribute(name, String(value));
  }
}

/** Sets the text only when it is another: a live region would be read out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
