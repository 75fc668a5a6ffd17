// The session: who is signed in, and with which tokens.
//
// The access token lives in this page's memory alone. The refresh token is kept in localStorage, so that a reload and a
// second tab find the session again; it is good once, and the service ends the session of one that is used twice.

import { Client, fetchExchange } from "@urql/core";
import { signal } from "@preact/signals";
import { graphql, type ResultOf } from "./graphql.ts";
import { graphqlUrl } from "./places.ts";
import { store, stored } from "./stored.ts";

export const sessionFields = graphql(`
  fragment SessionFields on Session {
    accessToken
    expiresAt
    refreshToken
    user {
      id
      name
      email
    }
  }
`);

const RefreshSession = graphql(
  `
    mutation RefreshSession($refreshToken: String!) {
      refreshSession(refreshToken: $refreshToken) {
        __typename
        ...SessionFields
      }
    }
  `,
  [sessionFields],
);

const Logout = graphql(`
  mutation Logout {
    logout
  }
`);

type Session = ResultOf<typeof sessionFields>;
export type User = Session["user"];
type Kept = Pick<Session, "refreshToken" | "user">;

const PLACE = "fiapx.session";
/** A token is not used for its last half minute, so that no long upload begins with one that lapses meanwhile. */
const MARGIN = 30_000;

function kept(): Kept | null {
  return JSON.parse(stored(PLACE) || "null") as Kept | null;
}

let accessToken: string | null = null;
let lapsesAt = 0;

/** Who is signed in; null for nobody. */
export const user = signal<User | null>(kept()?.user ?? null);

/** The session of `user` is over: what is on the page stays, until they have signed in again. */
export const lapsed = signal(false);

export function begin(session: Session): void {
  store(PLACE, JSON.stringify({ refreshToken: session.refreshToken, user: session.user }));
  accessToken = session.accessToken;
  // Where this machine's clock is ahead of the service's, a new token must not look old.
  lapsesAt = Math.max(Date.parse(session.expiresAt), Date.now() + 2 * MARGIN);
  lapsed.value = false;
  user.value = session.user;
}

export function end(): void {
  // The service hears of it where it can be reached; this page forgets in any case.
  if (accessToken) void plain.mutation(Logout, {}, { fetchOptions: { headers: headers(), keepalive: true } }).toPromise();
  store(PLACE, null);
  accessToken = null;
  lapsed.value = false;
  user.value = null;
}

/** The access token, if there is one: it may have lapsed. */
export function token(): string | null {
  return accessToken;
}

/** What goes with a request. */
export function headers(): Record<string, string> {
  return accessToken ? { authorization: `Bearer ${accessToken}` } : {};
}

/** Whether a request would fail for want of a token that could be had. */
export function needsToken(): boolean {
  const good = accessToken !== null && Date.now() < lapsesAt - MARGIN;
  return user.peek() !== null && !lapsed.peek() && !good;
}

/** The service refused this token. */
export function refused(token: string | null): void {
  if (token === accessToken) accessToken = null;
}

let running: Promise<void> | undefined;

/** Get the next access token. Never rejects: without a connection there is none for now, without a session `lapsed`. */
export function refresh(): Promise<void> {
  running ??= alone(next).finally(() => (running = undefined));
  return running;
}

async function next(): Promise<void> {
  const found = kept();
  if (!found) {
    lapsed.value = user.value !== null;
    return;
  }
  const { data, error } = await plain.mutation(RefreshSession, { refreshToken: found.refreshToken }).toPromise();
  if (data?.refreshSession.__typename === "Session") begin(data.refreshSession);
  else if (!error) {
    store(PLACE, null);
    accessToken = null;
    lapsed.value = true;
  }
}

/** Tabs share one refresh token, and wait for each other. Browsers lock in secure contexts only; elsewhere the service's half minute of grace has to do. */
function alone(step: () => Promise<void>): Promise<void> {
  return navigator.locks ? navigator.locks.request(PLACE, step) : step();
}

/** Asks without a token: refreshing one must not wait for one. */
const plain = new Client({ url: graphqlUrl, preferGetMethod: false, exchanges: [fetchExchange] });

// What another tab does with the session holds here too.
addEventListener("storage", (event) => {
  if (event.key !== PLACE && event.key !== null) return;
  const other = kept()?.user ?? null;
  if (other?.id === user.value?.id) {
    lapsed.value = false;
    return;
  }
  accessToken = null;
  lapsed.value = false;
  user.value = other;
});
