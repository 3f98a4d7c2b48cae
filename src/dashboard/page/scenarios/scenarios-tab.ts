import type { Catalogue } from "../../runs/document.ts";
import { el } from "../element.ts";
import type { Tab } from "../tab.ts";
import { Begin } from "./begin.ts";
import { Choose } from "./choose.ts";
import { followRun } from "./follow.ts";
import { RunCard } from "./run-card.ts";
import "../../../report/page/verdict.css";
import "./scenarios.css";

/** What can be run, what runs, and what came of it. */
export const scenariosTab: Tab = {
  id: "scenarios",
  title: "Scenarios",
  mount: (root, context) => {
    const run = new RunCard(context);
    const begin = new Begin(context);
    const choose = new Choose((entry) => begin.choose(entry));
    run.element.hidden = true;
    root.append(run.element, el("div", { class: "two" }, choose.element, begin.element));
    const loading = new AbortController();
    context
      .get<Catalogue>("/api/runs/catalogue", loading.signal)
      .then((catalogue) => {
        begin.fill(catalogue);
        choose.fill(catalogue);
      })
      .catch((error: unknown) => context.complain(error));
    const unfollow = followRun((state) => {
      run.update(state);
      begin.update(state);
    });
    return () => {
      loading.abort();
      unfollow();
    };
  },
};
