import { el } from "./element.ts";
import { get, post, signIn } from "./request.ts";
import { complain, say } from "./toasts.ts";
import type { TabContext } from "./tab.ts";
import { TABS } from "./tabs.ts";

const main = document.getElementById("main")!;
const list = document.getElementById("tabs")!;
const links = new Map<string, HTMLAnchorElement>();
let close: () => void = () => {};

const context: TabContext = {
  ...{ get, post, say, complain },
  go: (to) => {
    location.hash = to;
  },
};

function show(): void {
  const [id = "", ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const tab = TABS.find((each) => each.id === id) ?? TABS[0];
  if (tab === undefined) return;
  close();
  for (const [name, link] of links) {
    if (name === tab.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${tab.title} · Ordeal`;
  const root = el("div", { class: `tab tab-${tab.id}` });
  main.replaceChildren(root);
  close = tab.mount(root, context, rest.join("/"));
}

for (const tab of TABS) {
  const link = el("a", { href: `#${tab.id}` }, tab.title);
  links.set(tab.id, link);
  list.append(el("li", {}, link));
}
try {
  await signIn();
  await get("/api/session");
  addEventListener("hashchange", show);
  show();
} catch (error) {
  complain(error);
}
