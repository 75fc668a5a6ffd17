// The session: who is signed in, and with which tokens.
//
// The access token lives in this page's memory alone. The refresh token is kept in localStorage, so that a reload and a
// second tab find the session again; it is good once, and the service ends the session of one that is used twice.

import { Client, CombinedError, fetchExchange } from "@urql/core";
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
      emailVerified
    }
  }
`);

const RefreshSession = graphql(
  `
    mutation RefreshSession($refreshToken: String!) {
      refreshSession(refreshToken: $refreshToken) {
        __typename
        ...SessionFields
        ... on Problem {
          code
        }
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
/** An empty token: the session of this user is over, and they have not signed out. */
type Kept = Pick<Session, "refreshToken" | "user">;

const PLACE = "fiapx.session";
/** A token is not used for its last half minute, so that no long upload begins with one that lapses meanwhile. */
const MARGIN = 30_000;

function kept(): Kept | null {
  return parsed(stored(PLACE));
}

function parsed(text: string | null): Kept | null {
  return JSON.parse(text || "null") as Kept | null;
}

function keep({ refreshToken, user }: Kept): void {
  store(PLACE, JSON.stringify({ refreshToken, user }));
}

/** Who a page that has nothing to lose takes for signed in. */
function keptUser(): User | null {
  const found = kept();
  return found?.refreshToken ? found.user : null;
}

let accessToken: string | null = null;
let lapsesAt = 0;

/** Who is signed in; null for nobody. */
export const user = signal<User | null>(keptUser());

/** The session of `user` is over: what is on the page stays, until they have signed in again. */
export const lapsed = signal(false);

export function begin(session: Session): void {
  keep(session);
  accessToken = session.accessToken;
  // Where this machine's clock is ahead of the service's, a new token must not look old.
  lapsesAt = Math.max(Date.parse(session.expiresAt), Date.now() + 2 * MARGIN);
  lapsed.value = false;
  user.value = session.user;
}

/** This address was confirmed, perhaps of another account than the one that is here. */
export function confirmed(email: string): void {
  const found = kept();
  if (found?.user.email !== email) return;
  keep({ ...found, user: { ...found.user, emailVerified: true } });
  if (user.value) user.value = { ...user.value, emailVerified: true };
}

export function end(): void {
  // The service hears of it where it can be reached; this page forgets in any case.
  void endAtService(kept()?.refreshToken, isGood() ? accessToken : null);
  store(PLACE, null);
  accessToken = null;
  lapsed.value = false;
  user.value = null;
}

/** Ending a session takes an access token of it; where there is none that is good, the refresh token gives one more. */
async function endAtService(refreshToken: string | undefined, good: string | null): Promise<void> {
  let last = good;
  if (!last && refreshToken) {
    const { data } = await plain.mutation(RefreshSession, { refreshToken }, { fetchOptions: { keepalive: true } }).toPromise();
    if (data?.refreshSession.__typename === "Session") last = data.refreshSession.accessToken;
  }
  if (last) await plain.mutation(Logout, {}, { fetchOptions: { headers: bearer(last), keepalive: true } }).toPromise();
}

/** The access token, if there is one: it may have lapsed. */
export function token(): string | null {
  return accessToken;
}

/** What goes with a request. */
export function headers(): Record<string, string> {
  return accessToken ? bearer(accessToken) : {};
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function isGood(): boolean {
  return accessToken !== null && Date.now() < lapsesAt - MARGIN;
}

/** Whether a request would fail for want of a token that could be had. */
export function needsToken(): boolean {
  return user.peek() !== null && !lapsed.peek() && !isGood();
}

/** The service refused this token. */
export function refused(token: string | null): void {
  if (token === accessToken) accessToken = null;
}

let running: Promise<void> | undefined;
/** What this page kept last of a refresh, whose answer it had to wait for. */
let written: string | null = null;

/** Get the next access token; `lapsed` where the session is over. Rejects with a CombinedError where there is none for now. */
export function refresh(): Promise<void> {
  running ??= alone(next).finally(() => (running = undefined));
  return running;
}

async function next(): Promise<void> {
  const found = kept();
  if (!found?.refreshToken) {
    lapsed.value = user.value !== null;
    return;
  }
  const { data, error } = await plain.mutation(RefreshSession, { refreshToken: found.refreshToken }).toPromise();
  const answer = data?.refreshSession;
  const now = kept()?.refreshToken;
  if (answer?.__typename === "Session") {
    // Without locks another tab may have had the same answer.
    if (now === found.refreshToken || now === answer.refreshToken) {
      begin(answer);
      written = stored(PLACE);
      return;
    }
  } else if (now === found.refreshToken) {
    // This code alone says that the session is over: a service that is away for the moment must not cost anybody theirs.
    if (answer?.code !== "INVALID_CREDENTIALS") throw error ?? asError(answer!.code);
    keep({ ...found, refreshToken: "" });
    written = stored(PLACE);
    return lapse();
  }
  // Somebody signed out or in meanwhile, and this answer is of a session that is no longer this page's.
  return next();
}

function asError(code: string): CombinedError {
  return new CombinedError({ graphQLErrors: [{ message: code, extensions: { code } }] });
}

function lapse(): void {
  accessToken = null;
  lapsed.value = true;
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
  // Word of another tab's write takes its time: who signed out or in there while this page waited for its answer, holds.
  const overwritten = written !== null && stored(PLACE) === written;
  if (overwritten && parsed(event.newValue)?.user.id !== kept()?.user.id) store(PLACE, event.newValue);
  const other = kept();
  if (user.value && other?.user.id === user.value.id) {
    if (other.refreshToken) lapsed.value = false;
    else lapse();
    return;
  }
  accessToken = null;
  lapsed.value = false;
  user.value = keptUser();
});
