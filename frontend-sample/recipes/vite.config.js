import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// Where `make up` serves the API; FIAPX_API says otherwise. A build for another host is told by VITE_API_URL.
const api = process.env.FIAPX_API ?? "http://127.0.0.1:8000";
const page = (name) => fileURLToPath(new URL(`${name}/index.html`, import.meta.url));

export default defineConfig({
  server: { proxy: { "/graphql": { target: api, ws: true }, "/files": api } },
  build: { rollupOptions: { input: [page("react-apollo"), page("plain")] } },
});
