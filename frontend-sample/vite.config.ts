import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// Where `make up` serves the API; FIAPX_API says otherwise.
const api = process.env.FIAPX_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  resolve: { alias: { "fiapx-client": fileURLToPath(new URL("../clients/typescript/src/index.ts", import.meta.url)) } },
  build: {
    outDir: "../app/pages/static/app",
    emptyOutDir: true,
    // The page's policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    fs: { allow: [".", "../clients/typescript/src"] },
    proxy: {
      "/graphql": { target: api, ws: true },
      "/files": api,
      "/frames": api,
    },
  },
});
