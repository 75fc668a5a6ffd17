// Run the unit tests: Vite reads their TypeScript as it reads the page's, Node.js runs them.

import { readdirSync } from "node:fs";
import { createServer } from "vite";

const server = await createServer({ appType: "custom", logLevel: "error", server: { middlewareMode: true, ws: false, watch: null } });
for (const file of readdirSync("tests").filter((name) => name.endsWith(".test.ts"))) await server.ssrLoadModule(`/tests/${file}`);
await server.close();
