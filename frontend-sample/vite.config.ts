import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

// Where `make up` serves the API; FIAPX_API says otherwise.
const api = process.env.FIAPX_API ?? "http://127.0.0.1:8000";

/** A script of its own, before all others: the theme that was chosen is there before anything is drawn in another one. */
function themeFirst(): Plugin {
  const source = readFileSync(fileURLToPath(new URL("src/theme.js", import.meta.url)), "utf8");
  let base = "/";
  return {
    name: "theme-first",
    apply: "build",
    configResolved(config) {
      ({ base } = config);
    },
    buildStart() {
      this.emitFile({ type: "asset", name: "theme.js", source });
    },
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle }) {
        const file = Object.values(bundle ?? {}).find((one) => one.type === "asset" && one.names.includes("theme.js"))!;
        return [{ tag: "script", attrs: { src: `${base}${file.fileName}` }, injectTo: "head-prepend" }];
      },
    },
  };
}

export default defineConfig({
  plugins: [themeFirst()],
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
