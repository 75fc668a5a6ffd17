// The operations that docs and tests use too, each in a tab of its own, those that one begins with first, with the
// variables of their examples.

const files = import.meta.glob("../../operations/*.graphql", { query: "?raw", import: "default", eager: true });
const examples = import.meta.glob("../../operations/*.json", { import: "variables", eager: true });
const FIRST = ["service-limits", "register", "login", "me", "videos", "video-status"];
// What a page of text cannot send: a file.
const ELSEWHERE = ["upload-video"];
// Where the example's own would be of no use here: they show one's first things, or do what cannot be undone.
const INSTEAD = {
  videos: { first: 20 },
  "video-status": {},
  "create-batch": { input: { name: "Monday" } },
  "delete-account": { password: "" },
};
// An id or a proof of the example's story. known.js puts one of this visitor's own in its place.
const OF_THE_STORY = /^0{8}-/;

function rank(name) {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

function variablesOf(name) {
  const variables = INSTEAD[name] ?? examples[`../../operations/${name}.json`] ?? {};
  const blank = (_key, value) => (typeof value === "string" && OF_THE_STORY.test(value) ? "" : value);
  return Object.keys(variables).length ? JSON.stringify(variables, blank, 2) : undefined;
}

export const tabs = Object.entries(files)
  .map(([path, query]) => ({ name: path.replace(/.*\/|\.graphql$/g, ""), query }))
  .filter(({ name }) => !ELSEWHERE.includes(name))
  .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
  .map(({ name, query }) => ({ query, variables: variablesOf(name) }));
