import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  build: {
    outDir: "../app/pages/static/graphiql",
    emptyOutDir: true,
    // Monaco is what it is, and comes once for all time.
    chunkSizeWarningLimit: 8000,
    // The page's policy allows no data: URLs but for fonts.
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
});
