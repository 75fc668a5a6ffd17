// Where the API is: this page's own host, unless VITE_API_URL says otherwise when it is built.

const base = new URL(import.meta.env.VITE_API_URL ?? "/", location.href);

export const graphqlUrl = new URL("graphql", base).href;
export const socketUrl = graphqlUrl.replace(/^http/, "ws");

/** The API's links may be relative to it. */
export function linked(url: string): string {
  return new URL(url, base).href;
}
