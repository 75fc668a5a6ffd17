// The operations that docs and tests use too, each in a tab of its own, those that one begins with first.

const files = import.meta.glob("../../operations/*.graphql", { query: "?raw", import: "default", eager: true });
const FIRST = ["register", "login", "me", "videos", "video-status"];
// What a page of text cannot send: a file.
const ELSEWHERE = ["upload-video"];

const VARIABLES = {
  register: { input: { name: "Ana", email: "ana@example.com", password: "a sentence nobody guesses" } },
  login: { input: { email: "ana@example.com", password: "a sentence nobody guesses" } },
  videos: { first: 20 },
};

function rank(name) {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

export const tabs = Object.entries(files)
  .map(([path, query]) => ({ name: path.replace(/.*\/|\.graphql$/g, ""), query }))
  .filter(({ name }) => !ELSEWHERE.includes(name))
  .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
  .map(({ name, query }) => ({
    query,
    variables: VARIABLES[name] ? JSON.stringify(VARIABLES[name], null, 2) : undefined,
  }));
