// No framework and no GraphQL client: fetch for what is asked, graphql-ws for what is watched, an XMLHttpRequest to upload.

import { createClient } from "graphql-ws";

const base = new URL(import.meta.env.VITE_API_URL ?? "/", location.href);
const url = new URL("graphql", base).href;
const find = (selector) => document.querySelector(selector);

// The session: the access token in memory, the refresh token where the next visit finds it.

const PLACE = "fiapx.refreshToken";
let accessToken = null;
let refreshing = null;

function begin(session) {
  accessToken = session.accessToken;
  localStorage.setItem(PLACE, session.refreshToken);
}

/** Get the next access token; many may ask at once, in many tabs, and one request goes out at a time. */
function refresh() {
  refreshing ??= navigator.locks
    .request(PLACE, async () => {
      accessToken = null;
      const { refreshSession } = await ask(
        `mutation($token: String!) { refreshSession(refreshToken: $token) {
           ... on Session { accessToken refreshToken } ... on Problem { message } } }`,
        { token: localStorage.getItem(PLACE) ?? "" },
      );
      if (!refreshSession.accessToken) throw new Error(refreshSession.message);
      begin(refreshSession);
    })
    .finally(() => (refreshing = null));
  return refreshing;
}

// The client: one operation, once more with a new token where the first had lapsed.

const headers = () => (accessToken ? { authorization: `Bearer ${accessToken}` } : {});

async function ask(query, variables = {}) {
  const send = () =>
    fetch(url, {
      method: "POST",
      headers: { ...headers(), "Content-Type": "application/json" },
      body: JSON.stringify({ query, variables }),
    }).then((answer) => answer.json());
  let { data, errors } = await send();
  if (errors?.[0].extensions?.code === "UNAUTHENTICATED" && localStorage.getItem(PLACE)) {
    await refresh();
    ({ data, errors } = await send());
  }
  if (errors) throw new Error(errors[0].message);
  return data;
}

// The upload, by the GraphQL multipart request specification: operations, map, files, in this order.

/** The key stays the same over all tries with one file: a try whose answer got lost makes no second video. */
async function upload(file, key, onProgress) {
  const query = `mutation($file: Upload!, $key: String) { uploadVideo(file: $file, idempotencyKey: $key) {
    ... on VideoProcessing { id } ... on Problem { message } } }`;
  const form = new FormData();
  form.append("operations", JSON.stringify({ query, variables: { file: null, key } }));
  form.append("map", JSON.stringify({ 0: ["variables.file"] }));
  form.append("0", file);
  await ask("{ me { id } }"); // A token that has lapsed is better found now than after a gigabyte.
  const { data, errors } = await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    // What a proxy answers may be no JSON, which rejects.
    request.onload = () => resolve(new Response(request.responseText).json());
    request.onerror = () => reject(new Error("The connection was lost."));
    request.send(form);
  });
  if (errors) throw new Error(errors[0].message);
  return data.uploadVideo;
}

// The subscription: one for the whole list; versions rise, so what is older than what is known is left out.

const VIDEO = "id originalFileName status version progress { percent } failure { reason } result { downloadUrl }";
const videos = new Map();

const socket = createClient({
  url: url.replace(/^http/, "ws"),
  connectionParams: async () => {
    if (!accessToken) await refresh();
    return headers();
  },
  shouldRetry: () => true,
  retryAttempts: Number.POSITIVE_INFINITY,
  on: {
    // 4403: the session is over. The next connection asks for a new token.
    closed: ({ code }) => code === 4403 && (accessToken = null),
    connected: () => readList().catch(say),
  },
});

function take(video) {
  if (video.version >= (videos.get(video.id)?.version ?? 0)) videos.set(video.id, video);
}

async function readList() {
  const before = [...videos.keys()];
  const { videos: page } = await ask(`{ videos(first: 100) { edges { node { ${VIDEO} } } } }`);
  const found = new Set(page.edges.map(({ node }) => node.id));
  for (const { node } of page.edges) take(node);
  // What is not there any more was deleted while nobody watched.
  for (const id of before) if (!found.has(id)) videos.delete(id);
  show();
}

function watch() {
  const query = `subscription { videoStatus { __typename ... on VideoProcessing { ${VIDEO} } ... on Deleted { id } } }`;
  socket.subscribe(
    { query },
    {
      next: ({ data: { videoStatus: event } }) => {
        if (event.__typename === "Deleted") videos.delete(event.id);
        else take(event);
        show();
      },
      error: () => setTimeout(watch, 3000),
      complete: () => {},
    },
  );
}

// The page.

function say(error) {
  find("[role=alert]").textContent = error?.message ?? "";
}

function show() {
  find("ul").replaceChildren(
    ...[...videos.values()].map(({ originalFileName, status, progress, failure, result }) => {
      const line = document.createElement("li");
      line.append(`${originalFileName}: ${status} ${Math.floor(progress.percent)} % ${failure?.reason ?? ""} `);
      if (result) {
        const link = document.createElement("a");
        link.href = new URL(result.downloadUrl, base).href;
        link.textContent = "Download";
        line.append(link);
      }
      return line;
    }),
  );
}

find("form").onsubmit = async (event) => {
  event.preventDefault();
  const what = event.submitter.value;
  const { name, ...who } = Object.fromEntries(new FormData(event.target));
  const input = what === "register" ? { name, ...who } : who;
  const kind = what === "register" ? "RegisterInput" : "LoginInput";
  const data = await ask(
    `mutation($input: ${kind}!) { ${what}(input: $input) {
       ... on Session { accessToken refreshToken } ... on Problem { message } } }`,
    { input },
  );
  if (!data[what].accessToken) return say(data[what]);
  begin(data[what]);
  find("form").hidden = true;
  find("section").hidden = false;
  watch();
};

find("input[type=file]").onchange = async ({ target }) => {
  say();
  const [file] = target.files;
  target.value = ""; // The same file may be chosen again.
  const answer = await upload(file, crypto.randomUUID(), (share) => (find("progress").value = share)).catch((error) => error);
  if (answer.message) say(answer);
};
