import type { Hono } from "hono";

/**
 * What the port has to offer. Loaded by the first request that asks.
 *
 *   GET /openapi.json  the OpenAPI 3.1 document of all routes
 *   GET /docs          the same, as a page
 */
export function documentRoutes(app: Hono): void {
  app.get("/openapi.json", async (c) => {
    const { openApiDocument } = await import("./openapi.ts");
    return c.json(openApiDocument());
  });
  app.get("/docs", async (c) => {
    const { documentPage } = await import("./document-page.ts");
    return c.html(documentPage());
  });
}
