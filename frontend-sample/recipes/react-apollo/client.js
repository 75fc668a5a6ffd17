// The client, the session and the socket, with Apollo Client 4, apollo-upload-client and graphql-ws.

import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { createClient } from "graphql-ws";
import { from, switchMap } from "rxjs";

const base = new URL(import.meta.env.VITE_API_URL ?? "/", location.href);
const uri = new URL("graphql", base).href;
export const linked = (url) => new URL(url, base).href;

// The session: the access token in memory, the refresh token where the next visit finds it.
const PLACE = "fiapx.refreshToken";
let accessToken = null;
let refreshing = null;

export function begin(session) {
  accessToken = session.accessToken;
  localStorage.setItem(PLACE, session.refreshToken);
}

/** Get the next access token; many may ask at once, in many tabs, and one request goes out at a time. Rejects while it cannot. */
export function refresh() {
  refreshing ??= navigator.locks.request(PLACE, ask).finally(() => (refreshing = null));
  return refreshing;
}

async function ask() {
  const query = `mutation($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) {
    ... on Session { accessToken refreshToken } ... on Problem { code } } }`;
  const variables = { refreshToken: localStorage.getItem(PLACE) ?? "" };
  const answer = await fetch(uri, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = await answer.json();
  const session = data?.refreshSession;
  if (session?.accessToken) return begin(session);
  accessToken = null;
  // This code alone says that the session is over; all else passes, and the token is still good then.
  if (session?.code === "INVALID_CREDENTIALS") localStorage.removeItem(PLACE);
  else throw new Error("The session could not be refreshed.");
}

const authorization = () => (accessToken ? { authorization: `Bearer ${accessToken}` } : {});

export const socket = createClient({
  url: uri.replace(/^http/, "ws"),
  connectionParams: async () => {
    // Without one the service refuses this connection, and the next asks again.
    if (!accessToken) await refresh().catch(() => {});
    return authorization();
  },
  shouldRetry: () => true,
  retryAttempts: Number.POSITIVE_INFINITY,
  // 4403: the session is over. The next connection asks for a new token.
  on: { closed: ({ code }) => code === 4403 && (accessToken = null) },
});

/** fetch tells nobody how much of a body was sent; where somebody wants to know, an XMLHttpRequest sends it. */
function fetchWithProgress(url, { onProgress, ...options }) {
  if (!onProgress) return fetch(url, options);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(options.method, url);
    for (const [name, value] of Object.entries(options.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onload = () => resolve(new Response(request.responseText, { status: request.status }));
    request.onerror = () => reject(new TypeError("The connection was lost."));
    request.send(options.body);
  });
}

export const client = new ApolloClient({
  // Versions rise with every change: what is older than what the cache has must not replace it.
  cache: new InMemoryCache({
    // Which types a union has, for its fragments: Apollo Client is never shown the schema.
    possibleTypes: {
      SessionResult: ["Session", "Problem"],
      VideoResult: ["VideoProcessing", "Problem"],
      VideoStatusEvent: ["VideoProcessing", "Deleted", "Problem"],
    },
    typePolicies: { VideoProcessing: { merge: (old, next, { readField, mergeObjects }) => {
      const is = (object) => (object && readField("version", object)) ?? 0;
      return is(next) < is(old) ? old : mergeObjects(old, next);
    } } },
  }),
  link: ApolloLink.split(
    ({ query }) => getMainDefinition(query).operation === "subscription",
    new GraphQLWsLink(socket),
    ApolloLink.from([
      new ErrorLink(({ error, operation, forward }) => {
        const lapsed = CombinedGraphQLErrors.is(error) && error.errors.some((e) => e.extensions?.code === "UNAUTHENTICATED");
        if (lapsed) return from(refresh()).pipe(switchMap(() => forward(operation)));
      }),
      new SetContextLink(async ({ headers }) => {
        // A session that lapsed while nobody asked anything; an upload without a token would not even be looked at.
        if (!accessToken && localStorage.getItem(PLACE)) await refresh();
        return { headers: { ...headers, ...authorization() } };
      }),
      new UploadHttpLink({ uri, fetch: fetchWithProgress }),
    ]),
  ),
});

export const VIDEO = gql`
  fragment Video on VideoProcessing {
    id
    originalFileName
    status
    version
    progress { percent }
    failure { reason }
    result { downloadUrl }
  }
`;
