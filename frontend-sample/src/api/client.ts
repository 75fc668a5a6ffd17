// The client: urql over HTTP with a session that refreshes itself, and over one WebSocket for what is watched.

import { Client, CombinedError, fetchExchange, subscriptionExchange } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import type { Problem } from "./graphql.ts";
import { socket } from "./live.ts";
import { graphqlUrl } from "./places.ts";
import * as session from "./session.ts";

export const client = new Client({
  url: graphqlUrl,
  preferGetMethod: false,
  exchanges: [
    authExchange(async (utils) => ({
      addAuthToOperation: (operation) => utils.appendHeaders(operation, session.headers()),
      willAuthError: session.needsToken,
      didAuthError: isUnauthenticated,
      refreshAuth: session.refresh,
    })),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = "", variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables: variables as never }, sink as never) }),
      }),
    }),
  ],
});

function isUnauthenticated(error: CombinedError): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions.code === "UNAUTHENTICATED");
}

/** What a top-level error tells beside its message. */
interface Extensions {
  code?: string;
  field?: readonly string[];
  retryAfterSeconds?: number;
}

/** What the matter is where there is no answer at all. */
export function problemOf(error: CombinedError): Problem {
  // There was no token to send it with, for this reason.
  if (error.networkError instanceof CombinedError) return problemOf(error.networkError);
  if (isUnauthenticated(error)) return { code: "UNAUTHENTICATED" };
  const status = (error.response as Response | undefined)?.status;
  if (error.networkError) return { code: status ? "INTERNAL" : "NETWORK" };
  const { code, field, retryAfterSeconds } = (error.graphQLErrors[0]?.extensions ?? {}) as Extensions;
  if (code === "STORAGE_ERROR" || code === "STORAGE_FULL" || code === "UPLOAD_INCOMPLETE") return { code };
  if (code === "RATE_LIMITED") return { code, retryAfterSeconds: retryAfterSeconds ?? null };
  // Where no field is named, it is this page that made the mistake, and not its user.
  return code === "BAD_USER_INPUT" && field ? { code: "INVALID_INPUT", field } : { code: "INTERNAL" };
}

/** What the matter is with an answer that may be a problem or missing; null where it is what was asked for. */
export function problemIn(answer: { __typename: string } | undefined, error: CombinedError | undefined): Problem | null {
  if (!answer) return problemOf(error!);
  return answer.__typename === "Problem" ? (answer as unknown as Problem) : null;
}
