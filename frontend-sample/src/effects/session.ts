// The session's tokens: kept, refreshed, and shared with other tabs.
//
// The access token lives in this page's memory alone. The refresh token is kept in localStorage, so that a reload and a
// second tab find the session again; it is good once, and the service ends the session of one that is used twice.

import { Client, CombinedError, fetchExchange } from "@urql/core";
import { graphql } from "../api/graphql.ts";
import { graphqlUrl } from "../api/places.ts";
import { type Granted, type Kept, sessionFields, type User } from "../api/viewer.ts";
import type { PageStore } from "../state/page.ts";
import { expired, goodToken, granted, keptElsewhere, needsToken, renamed, sessionOf, verified } from "../state/session.ts";
import type { Storage } from "./storage.ts";

const RefreshSession = graphql(
  `mutation RefreshSession($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) { __typename ...SessionFields ... on Problem { code } }
  }`,
  [sessionFields],
);

const Logout = graphql(`mutation Logout { logout }`);

const PLACE = "fiapx.session";

/** What was kept of a session, by this tab or another. */
export function keptIn(storage: Storage): Kept | null {
  return parsed(storage.read(PLACE));
}

function parsed(text: string | null): Kept | null {
  return JSON.parse(text || "null") as Kept | null;
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

export type Tokens = ReturnType<typeof createTokens>;

export function createTokens(store: PageStore, storage: Storage) {
  /** Asks without a token: refreshing one must not wait for one. */
  const plain = new Client({ url: graphqlUrl, preferGetMethod: false, exchanges: [fetchExchange] });
  const keepalive = { keepalive: true };
  let running: Promise<void> | undefined;
  const session = store.part("session");
  /** What this page kept last of a refresh, whose answer it had to wait for. */
  let written: string | null = null;

  /** The access token, if there is one: it may have expired. */
  const current = (): string | null => session.now().token;
  const renewed = (refreshToken: string, fetchOptions: RequestInit = {}) =>
    plain.mutation(RefreshSession, { refreshToken }, { fetchOptions }).toPromise();

  function keep({ refreshToken, user }: Kept): void {
    storage.write(PLACE, JSON.stringify({ refreshToken, user }));
  }

  function begin(found: Granted): void {
    keep(found);
    session.change(granted, found, Date.now());
  }

  async function next(): Promise<void> {
    const found = keptIn(storage);
    if (!found?.refreshToken) return session.change(expired);
    const { data, error } = await renewed(found.refreshToken);
    const answer = data?.refreshSession;
    const now = keptIn(storage)?.refreshToken;
    if (answer?.__typename === "Session") {
      // Without locks another tab may have had the same answer.
      if (now === found.refreshToken || now === answer.refreshToken) {
        begin(answer);
        written = storage.read(PLACE);
        return;
      }
    } else if (now === found.refreshToken) {
      // This code alone says that the session is over: a service that is away for the moment must not cost anybody theirs.
      if (answer?.code !== "INVALID_CREDENTIALS") throw error ?? asError(answer!.code);
      keep({ ...found, refreshToken: "" });
      written = storage.read(PLACE);
      return session.change(expired);
    }
    // Somebody signed out or in meanwhile, and this answer is of a session that is no longer this page's.
    return next();
  }

  /** Ending a session takes an access token of it; where there is none that is good, the refresh token gives one more. */
  async function endAtService(refreshToken: string | undefined, good: string | null): Promise<void> {
    let last = good;
    if (!last && refreshToken) {
      const { data } = await renewed(refreshToken, keepalive);
      if (data?.refreshSession.__typename === "Session") last = data.refreshSession.accessToken;
    }
    if (last) await plain.mutation(Logout, {}, { fetchOptions: { headers: bearer(last), ...keepalive } }).toPromise();
  }

  // What another tab does with the session holds here too.
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== PLACE && key !== null) return;
    // Word of another tab's write takes its time: who signed out or in there while this page waited for its answer, holds.
    const overwritten = written !== null && storage.read(PLACE) === written;
    if (overwritten && parsed(newValue)?.user.id !== keptIn(storage)?.user.id) storage.write(PLACE, newValue);
    session.change(keptElsewhere, keptIn(storage));
  });

  return {
    current,
    begin,
    /** What goes with a request. */
    headers: (): Record<string, string> => (current() ? bearer(current()!) : {}),
    /** Whether a request would fail for want of a token that could be had. */
    areNeeded: (): boolean => needsToken(session.now(), Date.now()),
    /** Get the next access token, unless the session is over. Rejects with a CombinedError where there is none for now. */
    refresh: (): Promise<void> => (running ??= alone(next).finally(() => (running = undefined))),
    /** This address was confirmed, perhaps of another account than the one that is here. */
    confirmed(email: string): void {
      const found = keptIn(storage);
      if (found?.user.email !== email) return;
      keep({ ...found, user: { ...found.user, emailVerified: true } });
      session.change(verified, email);
    },
    /** The account that is here has another name or address. */
    known({ id, name, email, emailVerified }: User): void {
      const found = keptIn(storage);
      if (found?.user.id !== id) return;
      const user = { id, name, email, emailVerified };
      keep({ ...found, user });
      session.change(renamed, user);
    },
    end(): void {
      // The service hears of it where it can be reached; this page forgets in any case.
      void endAtService(keptIn(storage)?.refreshToken, goodToken(session.now(), Date.now()));
      storage.write(PLACE, null);
      session.change(() => sessionOf(null));
    },
  };
}

/**
 * Tabs share one refresh token, and wait for each other. Browsers lock in secure contexts only; elsewhere the service's half
 * minute of grace has to do.
 */
function alone(step: () => Promise<void>): Promise<void> {
  return navigator.locks ? navigator.locks.request(PLACE, step) : step();
}

function asError(code: string): CombinedError {
  return new CombinedError({ graphQLErrors: [{ message: code, extensions: { code } }] });
}
