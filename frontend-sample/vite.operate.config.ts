// The operators' page has files of its own: whoever opens the other one loads nothing of it.

import { defineConfig, mergeConfig } from "vite";
import page from "./vite.config.ts";

export default mergeConfig(
  page,
  defineConfig({
    root: "operate",
    base: "/operate/",
    build: { outDir: "../../app/pages/static/operate" },
  }),
);
