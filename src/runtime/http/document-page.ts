import { html } from "hono/html";
import { VERSION } from "../version.ts";
import { type Operation, OPERATIONS } from "./operations.ts";

const STYLE = `:root{color-scheme:light dark;background:light-dark(#fff,#14181c);color:light-dark(#1b2128,#e4e8ec)}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}section{border-top:1px solid #8888;padding:.5rem 0}
a{color:light-dark(#1f5fa8,#84b6ec)}pre{overflow-x:auto;padding:.5rem;border:1px solid #8888}h2{margin-top:2rem}h3{overflow-wrap:anywhere}dt{font-weight:600}`;

/** All routes as one page that needs nothing else. */
export function documentPage() {
  const tags = [...new Set(Object.values(OPERATIONS).map(({ tag }) => tag))];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>HTTP port of an Ordeal node</title>
        <link rel="icon" href="data:," />
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          <h1>HTTP port of an Ordeal node</h1>
          <p>
            Version ${VERSION}. For tools: <a href="/openapi.json">/openapi.json</a>. Here:
            <a href="/status">/status</a>, <a href="/log">/log</a>,
            <a href="/kv?local=true">/kv?local=true</a>, <a href="/metrics">/metrics</a>.
          </p>
          <p>
            A node beyond loopback asks for a token with every request, or for a client certificate:
            <code>-H "Authorization: Bearer $(cat certs/token)" --cacert certs/ca.pem</code>, or
            <code>--cert certs/client.pem --key certs/client-key.pem --cacert certs/ca.pem</code>.
          </p>
          ${tags.map(
            (tag) =>
              html`<h2>${tag}</h2>
                ${sections(tag)}`,
          )}
        </main>
      </body>
    </html>`;
}

const sections = (tag: string) =>
  Object.entries(OPERATIONS)
    .filter(([, operation]) => operation.tag === tag)
    .map(([route, operation]) => section(route, operation));

function section(route: string, operation: Operation) {
  const replies = Object.entries(operation.replies);
  return html`<section>
    <h3><code>${route}</code></h3>
    <p>${operation.summary}.</p>
    <pre tabindex="0">${curlOf(route, operation)}</pre>
    <dl>
      ${replies.map(
        ([status, { what }]) =>
          html`<dt>${status}</dt>
            <dd>${what}</dd>`,
      )}
    </dl>
  </section>`;
}

function curlOf(route: string, { parameters = {}, query, body }: Operation): string {
  const [method, path = ""] = route.split(" ");
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => parameters[name] ?? name);
  const asked = Object.keys(query?.entries ?? {}).filter((name) => parameters[name] !== undefined);
  const search = new URLSearchParams(
    asked.map((name): [string, string] => [name, parameters[name]!]),
  ).toString();
  const data = typeof body?.example === "string" ? body.example : JSON.stringify(body?.example);
  const sent = body === undefined ? "" : ` -d '${data}'`;
  return `curl -L -X ${method} 'HOST:PORT${filled}${search && `?${search}`}'${sent}`;
}
