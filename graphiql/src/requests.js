// How an operation reaches the service: by HTTP, or by a WebSocket of its own where it is a subscription.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import * as known from "./known.js";
import { refusedAnswer, refusedSubscription, unanswered } from "./refusals.js";
import * as session from "./session.js";

const url = `${location.origin}/graphql`;
// A connection that was refused for a reason is not tried again: the reason is shown.
const REASONS = { from: 4400, to: 4499 };
const RETRIES = 2;

function json(body) {
  return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
}

// Whoever the headers name asks from now on; where they name nobody, who signed in here.
function named(given) {
  const headers = new Headers(given ?? {});
  if (headers.has("authorization")) session.become(headers.get("authorization"));
  else if (session.current()) headers.set("authorization", session.current());
  return headers;
}

async function ask(input, init) {
  let answer;
  try {
    answer = await fetch(input, { ...init, headers: named(init.headers) });
  } catch (error) {
    return json(unanswered(error));
  }
  if (!answer.ok) return json(await refusedAnswer(answer));
  if (answer.headers.get("content-type")?.includes("json")) {
    const said = await answer.clone().json();
    session.learn(said);
    known.learn(said);
  }
  return answer;
}

const byHttp = createGraphiQLFetcher({ url, fetch: ask });

/** Subscribe on a connection of its own, since it is introduced by the headers that stand there now. */
function watch(operation, given) {
  return {
    subscribe(observer) {
      const client = createClient({
        url: url.replace(/^http/, "ws"),
        connectionParams: Object.fromEntries(named(given)),
        retryAttempts: RETRIES,
        shouldRetry: ({ code }) => !(code >= REASONS.from && code <= REASONS.to),
      });
      const end = client.subscribe(operation, {
        next: (answer) => observer.next(answer),
        error: (why) => {
          observer.next(refusedSubscription(why));
          observer.complete();
        },
        complete: () => observer.complete(),
      });
      return { unsubscribe: end };
    },
  };
}

function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // The server says what is wrong with it.
  }
}

/** Send what GraphiQL runs. Right after a change of tabs it still names the operation of the tab before. */
export function fetcher(params, options) {
  const documentAST = parsed(params.query);
  const names = (documentAST?.definitions ?? []).filter((one) => one.operation).map((one) => one.name?.value);
  const operationName = names.length === 1 ? names[0] : params.operationName;
  const operation = { ...params, operationName };
  const watches = documentAST && getOperationAST(documentAST, operationName)?.operation === "subscription";
  return watches ? watch(operation, options?.headers) : byHttp(operation, { ...options, documentAST });
}
