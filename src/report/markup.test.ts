import { expect, test } from "bun:test";
// Under another name: the formatter would reflow templates that are tagged html.
import { html as markup, scriptJson, trusted } from "./markup.ts";

test("markup: what is interpolated is text, in elements and in attributes", () => {
  const evil = `"><script>alert('1')</script>&`;
  expect(markup`<p title="${evil}">${evil}</p>`.toString()).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</p>',
  );
});

test("markup: nested markup stays, null is nothing, lists are joined", () => {
  const items = ["a", "<b>"].map((text) => markup`<li>${text}</li>`);
  expect(markup`<ul>${items}${null}</ul>${trusted("<hr>")}${0}`.toString()).toBe(
    "<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>0",
  );
});

test("markup: JSON in a script cannot end it, and reads back the same", () => {
  const value = { text: "</script><!-- \u2028 & <script>" };
  const text = scriptJson(value).toString();
  expect(text).not.toMatch(/[<>&\u2028]/);
  expect(JSON.parse(text)).toEqual(value);
});
